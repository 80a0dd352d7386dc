package password

// predictable says whether a password is a piece repeated so that what is left of it is shorter than the
// least length, or a straight count up or down. Lists of leaks are long on short passwords and thin on
// long ones; without this a minimum of 15 would be met by "passwordpassword" and "111111111111111".
func predictable(password string, least int) bool {
	runes := []rune(password)
	if p := period(runes); p <= len(runes)/2 && p < least {
		return true
	}
	return counts(runes, 1) || counts(runes, -1)
}

// period is the length of the shortest piece that, repeated and perhaps cut at the end, gives the whole:
// 3 for "abcabcab", the whole length where nothing repeats. It is the failure function of Knuth, Morris
// and Pratt.
func period(runes []rune) int {
	border := make([]int, len(runes)+1)
	length := 0
	for i := 1; i < len(runes); i++ {
		for length > 0 && runes[i] != runes[length] {
			length = border[length]
		}
		if runes[i] == runes[length] {
			length++
		}
		border[i+1] = length
	}
	return len(runes) - border[len(runes)]
}

// counts says whether every character follows the one before it in the given direction, with 9 and 0 as
// neighbours, as they are on a keyboard.
func counts(runes []rune, step rune) bool {
	for i := 1; i < len(runes); i++ {
		before, after := runes[i-1], runes[i]
		wraps := before == '9' && after == '0' && step == 1 || before == '0' && after == '9' && step == -1
		if after != before+step && !wraps {
			return false
		}
	}
	return true
}
