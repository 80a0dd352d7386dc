package browsertest

import "strings"

// Short returns the beginning of a script on one line, for the text of a failure.
func Short(script string) string {
	line := strings.Join(strings.Fields(script), " ")
	const most = 120
	if len(line) > most {
		return line[:most] + "…"
	}
	return line
}
