package mfa

import (
	"fmt"
	"reflect"
)

// Difference says in a few words how rules differ: what was added, removed, changed or
// moved, by the names that explanations call them by. It is empty for the same rules.
func Difference(before, after []Rule) (all []string) {
	were := places(before)
	for i, r := range after {
		title := r.title(i)
		place, there := were[title]
		switch {
		case !there:
			all = append(all, title+" is new")
		case !reflect.DeepEqual(before[place], r):
			all = append(all, title+" is another")
		case place != i:
			all = append(all, fmt.Sprintf("%s moves from place %d to %d", title, place+1, i+1))
		}
	}
	are := places(after)
	for i, r := range before {
		if _, stays := are[r.title(i)]; !stays {
			all = append(all, r.title(i)+" is gone")
		}
	}
	return all
}

func places(rules []Rule) map[string]int {
	all := map[string]int{}
	for i, r := range rules {
		all[r.title(i)] = i
	}
	return all
}
