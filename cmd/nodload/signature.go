package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// signed is the processor time of one RS256 signature with RSA 2048, made on all cores at once for as long as a
// figure is measured. It says how fast the machine was in this run: figures of two runs are compared as multiples
// of it.
func signed(d time.Duration) (time.Duration, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, fmt.Errorf("sign by itself: %w", err)
	}
	before, err := own()
	if err != nil {
		return 0, fmt.Errorf("sign by itself: %w", err)
	}
	digest := sha256.Sum256([]byte("a token"))
	var made, failed atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for time.Since(began) < d {
				if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
					failed.Add(1)
				}
				made.Add(1)
			}
		})
	}
	all.Wait()
	after, err := own()
	if failed.Load() > 0 {
		err = errors.Join(err, errors.New("a signature failed"))
	}
	if err != nil {
		return 0, fmt.Errorf("sign by itself: %w", err)
	}
	return (after - before) / time.Duration(made.Load()), nil
}
