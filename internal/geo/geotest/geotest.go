// Package geotest writes small database files for tests, in the format of MaxMind DB 2.0.
// It owns just enough of the format for package geo to read, and is no part of nod itself.
package geotest

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/nod-idp/nod/internal/geo"
)

// Write makes a file that holds a place for each IPv4 network, and returns its path.
func Write(t testing.TB, places map[string]geo.Place) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, Bytes(places), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// node is an inner node of the tree; a leaf is the number of a place, from 1.
type node struct {
	child [2]*node
	place [2]int
}

// Bytes is the content of such a file.
func Bytes(places map[string]geo.Place) []byte {
	root, count := &node{}, 1
	var data []byte
	offsets := []int{0}
	for network, p := range places {
		prefix := netip.MustParsePrefix(network)
		offsets = append(offsets, len(data))
		data = append(data, encode(entry(p))...)
		addr, at := prefix.Addr().As4(), root
		for bit := range prefix.Bits() {
			side := addr[bit/8] >> (7 - bit%8) & 1
			if bit == prefix.Bits()-1 {
				at.place[side] = len(offsets) - 1
				break
			}
			if at.child[side] == nil {
				at.child[side] = &node{}
				count++
			}
			at = at.child[side]
		}
	}
	file := tree(root, count, offsets)
	file = append(file, make([]byte, 16)...)
	file = append(file, data...)
	file = append(file, "\xab\xcd\xefMaxMind.com"...)
	return append(file, encode(map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1_800_000_000),
		"database_type": "Test-City", "description": map[string]any{"en": "places of a test"}, "ip_version": uint16(4),
		"languages": []string{"en"}, "node_count": uint32(count), "record_size": uint16(24),
	})...)
}

func entry(p geo.Place) map[string]any {
	e := map[string]any{}
	if p.City != "" {
		e["city"] = map[string]any{"names": map[string]any{"en": p.City}}
	}
	if p.Country != "" {
		e["country"] = map[string]any{"iso_code": p.CountryCode, "names": map[string]any{"en": p.Country}}
	}
	if p.Located {
		e["location"] = map[string]any{"latitude": p.Lat, "longitude": p.Lon}
	}
	return e
}

// tree writes the nodes, each two records of 24 bits: another node, nothing, or a place.
func tree(root *node, count int, offsets []int) []byte {
	number, queue := map[*node]int{root: 0}, []*node{root}
	for i := 0; i < len(queue); i++ {
		for _, c := range queue[i].child {
			if c != nil {
				number[c] = len(queue)
				queue = append(queue, c)
			}
		}
	}
	var out []byte
	for _, n := range queue {
		for side := range 2 {
			record := count // nothing
			switch {
			case n.child[side] != nil:
				record = number[n.child[side]]
			case n.place[side] > 0:
				record = count + 16 + offsets[n.place[side]]
			}
			out = append(out, byte(record>>16), byte(record>>8), byte(record))
		}
	}
	return out
}

// encode writes a value of the data section.
func encode(value any) []byte {
	switch v := value.(type) {
	case string:
		return append(control(2, len(v)), v...)
	case float64:
		return binary.BigEndian.AppendUint64(control(3, 8), math.Float64bits(v))
	case uint16:
		return binary.BigEndian.AppendUint16(control(5, 2), v)
	case uint32:
		return binary.BigEndian.AppendUint32(control(6, 4), v)
	case uint64:
		return binary.BigEndian.AppendUint64(control(9, 8), v)
	case []string:
		out := control(11, len(v))
		for _, text := range v {
			out = append(out, encode(text)...)
		}
		return out
	case map[string]any:
		out := control(7, len(v))
		for key, held := range v {
			out = append(append(out, encode(key)...), encode(held)...)
		}
		return out
	}
	panic("a type that the tests do not need")
}

// control is the byte before a value: its type and its size, of at most 28.
func control(kind, size int) []byte {
	if kind > 7 {
		return []byte{byte(size), byte(kind - 7)}
	}
	return []byte{byte(kind<<5 | size)}
}
