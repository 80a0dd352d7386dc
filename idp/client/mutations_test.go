//go:build !race

package client_test

// mutations is how many mutated redirect URIs are tried.
const mutations = 1_000_000
