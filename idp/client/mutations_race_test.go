//go:build race

package client_test

// mutations are fewer under the race detector, which makes each ten times as dear.
const mutations = 100_000
