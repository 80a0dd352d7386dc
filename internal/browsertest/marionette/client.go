// Package marionette speaks Firefox's remote protocol of that name, which WebDriver
// for Firefox is built on and which alone reaches its virtual authenticators: lines of
// JSON with their length before them, one command at a time.
package marionette

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Client is a connection to one Firefox.
type Client struct {
	// Patience is how long an answer may take.
	Patience time.Duration

	mu   sync.Mutex
	conn net.Conn
	r    *bufio.Reader
	last int
}

// An Error is a command that Firefox did not carry out.
type Error struct {
	Kind    string `json:"error"` // of WebDriver's list, such as "no such element"
	Message string `json:"message"`
}

// Error returns what went wrong.
func (e *Error) Error() string { return e.Kind + ": " + e.Message }

// Dial connects and reads the greeting.
func Dial(address string, patience time.Duration) (*Client, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, fmt.Errorf("connect to Firefox: %w", err)
	}
	c := &Client{Patience: patience, conn: conn, r: bufio.NewReader(conn)}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	var greeting struct {
		Protocol int `json:"marionetteProtocol"`
	}
	message, err := c.read()
	if err == nil {
		err = json.Unmarshal(message, &greeting)
	}
	if err == nil && greeting.Protocol != 3 {
		err = fmt.Errorf("it speaks version %d of the protocol, want 3", greeting.Protocol)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connect to Firefox: %w", err)
	}
	return c, nil
}

// Close ends the connection; Firefox keeps running.
func (c *Client) Close() error { return c.conn.Close() }

// Call carries out a command and stores its result in into, unless that is nil.
// Commands whose result is one value have it in a field called value.
func (c *Client) Call(command string, params, into any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if params == nil {
		params = struct{}{}
	}
	c.last++
	question, err := json.Marshal([]any{0, c.last, command, params})
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if err := c.conn.SetDeadline(time.Now().Add(c.Patience)); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if _, err := fmt.Fprintf(c.conn, "%d:%s", len(question), question); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	result, err := c.answer()
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(result, into)
}

// answer reads until the answer to the last command comes; those to commands that were
// given up on come before it.
func (c *Client) answer() (json.RawMessage, error) {
	for {
		message, err := c.read()
		if err != nil {
			return nil, err
		}
		var kind, id int
		var problem *Error
		var result json.RawMessage
		if err := json.Unmarshal(message, &[]any{&kind, &id, &problem, &result}); err != nil {
			return nil, fmt.Errorf("read an answer: %w", err)
		}
		if id != c.last {
			continue
		}
		if problem != nil {
			return nil, problem
		}
		return result, nil
	}
}

// maxMessage bounds what is read: a picture of a long page is a few MB.
const maxMessage = 64 << 20

func (c *Client) read() ([]byte, error) {
	prefix, err := c.r.ReadString(':')
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(strings.TrimSuffix(prefix, ":"))
	if err != nil || size < 0 || size > maxMessage {
		return nil, fmt.Errorf("a message begins with %q", prefix)
	}
	message := make([]byte, size)
	_, err = io.ReadFull(c.r, message)
	return message, err
}
