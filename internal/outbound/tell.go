package outbound

import (
	"io"
	"net/http"
	"time"
)

// readMost is how much of an answer is read that nobody wants, so that the connection can
// be kept, in bytes.
const readMost = 4 << 10

// Tell sends a request of which only the status of the answer counts. It returns nil for
// 2xx, an *AnswerError for every other status, and what Do returns where there was no answer.
func (c *Client) Tell(req *http.Request, now time.Time) error {
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, readMost)
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	return refused(res, now)
}
