package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/nod-idp/nod/idp/password"
)

// The hash of the logins that are measured: the least that nod allows. What a login costs
// besides is asked here.
const (
	hashMemory = 8 << 10 // KiB
	hashTime   = 1
)

const (
	loginName = "password login and code, hash of 8 MiB"
	pushName  = "the same with push, stream and passcode"
)

// difference is processor time that was not measured by itself.
type difference struct {
	Name      string        `json:"name"`
	Processor time.Duration `json:"processor_ns"`
}

func (d difference) String() string { return fmt.Sprintf("%-44s %9s\n", d.Name, ms(d.Processor)) }

// differences are what a login costs without its hash, and push on top of it.
func (r operationsReport) differences(hash time.Duration) []difference {
	by := map[string]time.Duration{}
	for _, o := range r.Operations {
		by[o.Name] = o.Processor
	}
	all := []difference{{"one hash of 8 MiB, in this process", hash}}
	if login := by[loginName]; login > 0 {
		all = append(all, difference{"login and code less the hash", login - hash})
		if push := by[pushName]; push > 0 {
			all = append(all, difference{"push on top of the login", push - login})
		}
	}
	return all
}

// hashed is the processor time of one hash, computed as the server does: as many at a time
// as there are cores, for as long as a figure is measured.
func hashed(ctx context.Context, d time.Duration) (time.Duration, error) {
	hasher := &password.Hasher{Memory: hashMemory, Time: hashTime}
	stored, err := hasher.Hash(ctx, passphrase)
	if err != nil {
		return 0, err
	}
	before, err := own()
	if err != nil {
		return 0, err
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var first error
	began, hashes := time.Now(), hasher.Hashes()
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for time.Since(began) < d {
				same, _, err := hasher.Verify(ctx, stored, passphrase)
				if err == nil && !same {
					err = errors.New("a hash did not verify")
				}
				if err != nil {
					mu.Lock()
					first = err
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	after, err := own()
	if err = errors.Join(first, err); err != nil {
		return 0, fmt.Errorf("hash by itself: %w", err)
	}
	return (after - before) / time.Duration(hasher.Hashes()-hashes), nil
}

// again is the code flow of somebody who is signed in: authorize, the code, its tokens. No
// hash is in it, so that nothing has to be taken away.
func (o *operated) again(i int) func(context.Context) error {
	b := o.browser()
	signedIn := false
	return func(ctx context.Context) error {
		if !signedIn {
			if _, err := o.signInWith(ctx, b, o.plain, i, nil); err != nil {
				return err
			}
			signedIn = true
		}
		page, err := b.Get(ctx, o.authorize(o.plain))
		if err != nil {
			return err
		}
		code := page.URL.Query().Get("code")
		if code == "" || !strings.HasPrefix(page.URL.String(), callback) {
			return fmt.Errorf("somebody who is signed in is shown %q (status %d)", page.State, page.Status)
		}
		_, err = o.redeem(ctx, o.plain, code)
		return err
	}
}
