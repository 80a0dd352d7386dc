package blocklist

// find looks a key up in sorted entries by interpolation: hashes are spread evenly, so the place of a key
// can be guessed from its value, and three or four guesses do where halving would take nineteen.
func find(entries string, key uint64) bool {
	low, high := 0, len(entries)/EntrySize-1
	for low <= high {
		first, last := entry(entries, low), entry(entries, high)
		if key < first || key > last {
			return false
		}
		guess := low
		if last > first {
			// At most 2^40 times 2^23 entries: it fits.
			guess += int((key - first) * uint64(high-low) / (last - first))
		}
		switch found := entry(entries, guess); {
		case found < key:
			low = guess + 1
		case found > key:
			high = guess - 1
		default:
			return true
		}
	}
	return false
}

// entry is the number at place i.
func entry(entries string, i int) uint64 {
	return number(entries[i*EntrySize : (i+1)*EntrySize])
}

// number reads a big-endian number of EntrySize bytes.
func number(b string) uint64 {
	return uint64(b[0])<<32 | uint64(b[1])<<24 | uint64(b[2])<<16 | uint64(b[3])<<8 | uint64(b[4])
}
