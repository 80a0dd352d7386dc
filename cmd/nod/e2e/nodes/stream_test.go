package nodes

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// waits is the waiting page: it listens to its stream and, when that breaks, looks by
// itself every two seconds. It returns when it learned of the approval.
func (p *person) waits(ctx context.Context) (heard time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	address := p.page.URL.String()
	for {
		_ = p.listen(ctx, address)
		heard = time.Now()
		page, err := p.b.Get(ctx, address)
		if err == nil && page.Status < 500 {
			p.page = page
			if page.State != "pending" {
				break
			}
		}
		select {
		case <-ctx.Done():
			return heard, fmt.Errorf("the page never learned of the approval: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
	if p.page.State != "approved" {
		return heard, fmt.Errorf("the page is %q, want approved", p.page.State)
	}
	return heard, nil
}

// listen reads the page's stream until it says anything but pending, or ends.
func (p *person) listen(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/stream", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: p.c.transport(), Jar: p.b.Client.Jar}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data:"); found && !strings.Contains(data, `"pending"`) {
			return nil
		}
	}
	return lines.Err()
}
