package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nod-idp/nod/web/guard"
)

// text is a value that is kept as it was written, if it is fine.
func text(to *string, kind, allowed string, fine func(string) bool) value {
	return value{kind, allowed, func(s string) bool {
		*to = s
		return s == "" || fine(s)
	}, func() string { return *to }}
}

func file(to *string) value {
	return text(to, "path", "a path without control characters", func(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) })
}

func line(to *string) value {
	return text(to, "text", "one line of at most 100 characters", func(s string) bool {
		return len([]rune(s)) <= 100 && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) && strings.TrimSpace(s) == s
	})
}

func hostPort(to *string) value {
	return value{"host:port", "HOST:PORT, such as 127.0.0.1:8080 or :443", func(s string) bool {
		*to = s
		_, port, err := net.SplitHostPort(s)
		n, numeric := strconv.ParseUint(port, 10, 16)
		return err == nil && numeric == nil && port == strconv.FormatUint(n, 10) && !strings.ContainsFunc(s, unicode.IsSpace)
	}, func() string { return *to }}
}

// metricsAddress is an address to listen on, or nothing.
func metricsAddress(to *string) value {
	v := hostPort(to)
	return value{v.kind, "HOST:PORT, such as 127.0.0.1:9090, or nothing", func(s string) bool {
		*to = ""
		return s == "" || v.parse(s)
	}, v.show}
}

// database keeps the password of the address out of everything that is shown.
func database(to *string) value {
	v := text(to, "url", "postgres://USER:PASSWORD@HOST/NAME, or nothing for SQLite in the data directory", func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
	})
	v.show = func() string { return Masked(*to) }
	return v
}

// Masked is the address of a database without its password.
func Masked(address string) string {
	u, err := url.Parse(address)
	if address == "" {
		return ""
	}
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "***"
	}
	q := u.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if q.Has(name) {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}

func boolean(to *bool) value {
	return value{"true or false", "true or false", func(s string) (ok bool) {
		*to, ok = s == "true", s == "true" || s == "false"
		return ok
	}, func() string { return strconv.FormatBool(*to) }}
}

func level(to *slog.Level) value {
	return value{"level", "debug, info, warn or error", func(s string) bool {
		return strings.ToLower(s) == s && !strings.ContainsAny(s, "+-") && to.UnmarshalText([]byte(s)) == nil
	}, func() string { return strings.ToLower(to.String()) }}
}

func proxies(to *guard.Proxies) value {
	return value{"networks", "addresses and networks, such as 127.0.0.1, 10.0.0.0/8", func(s string) bool {
		*to = nil
		if s == "" {
			return true
		}
		list, err := guard.ParseProxies(strings.Split(s, ","))
		*to = list
		return err == nil
	}, func() string {
		var texts []string
		for _, p := range *to {
			texts = append(texts, p.String())
		}
		return strings.Join(texts, ",")
	}}
}

func number(to *int, least, most int) value {
	return value{"number", fmt.Sprintf("a number from %d to %d", least, most), func(s string) bool {
		n, err := strconv.Atoi(s)
		*to = n
		return err == nil && n >= least && n <= most
	}, func() string { return strconv.Itoa(*to) }}
}

func count(to *uint32, least, most int) value {
	var n int
	v := number(&n, least, most)
	return value{v.kind, v.allowed, func(s string) bool {
		ok := v.parse(s)
		*to = uint32(n)
		return ok
	}, func() string { return strconv.Itoa(int(*to)) }}
}

// Memory is counted in KiB, as Argon2 does.
const mib = 1024

func memory(to *uint32, least, most int) value {
	return value{"size", fmt.Sprintf("a size with its unit from %dMiB to %dMiB, such as 19MiB or 65536KiB", least/mib, most/mib), func(s string) bool {
		digits, unit := strings.TrimSuffix(s, "MiB"), mib
		if digits == s {
			digits, unit = strings.TrimSuffix(s, "KiB"), 1
		}
		n, err := strconv.ParseUint(digits, 10, 20)
		kib := int(n) * unit
		*to = uint32(kib)
		return err == nil && digits != s && kib >= least && kib <= most
	}, func() string {
		if *to%mib == 0 {
			return fmt.Sprintf("%dMiB", *to/mib)
		}
		return fmt.Sprintf("%dKiB", *to)
	}}
}

func duration(to *time.Duration, least, most time.Duration) value {
	return value{"duration", "a duration with its unit from " + Words(least) + " to " + Words(most) + ", such as 90s, 15m, 24h or 30d",
		func(s string) bool {
			d, err := ParseDuration(s)
			*to = d
			return err == nil && d >= least && d <= most
		}, func() string { return Words(*to) }}
}

// ParseDuration reads a duration with its unit: what Go takes, and days.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("read duration %q: write days as a whole number, such as 30d", s)
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || s == "0" {
		return 0, fmt.Errorf("read duration %q: write a number and its unit, such as 90s, 15m, 24h or 30d", s)
	}
	return d, nil
}

// Words writes a duration in the largest unit that fits.
func Words(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
		from   time.Duration
	}{{day, "d", 2 * day}, {time.Hour, "h", time.Hour}, {time.Minute, "m", 3 * time.Minute}, {time.Second, "s", 0}} {
		if d >= unit.from && d%unit.length == 0 {
			return strconv.FormatInt(int64(d/unit.length), 10) + unit.name
		}
	}
	return d.String()
}
