package page

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// QRCode is a QR code as a picture: one path of black squares on white.
type QRCode struct {
	Size int // with the quiet zone around it
	Path string
}

// quiet is how wide the white around a QR code is, in squares (ISO/IEC 18004, section
// 6.3.8).
const quiet = 4

// DrawQRCode makes a QR code of a text.
func DrawQRCode(text string) (*QRCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	var path strings.Builder
	size := code.Bounds().Dx()
	black := func(x, y int) bool {
		if x >= size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	for y := range size {
		for x := 0; x < size; x++ {
			width := 0
			for black(x+width, y) {
				width++
			}
			if width > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, width, width)
				x += width
			}
		}
	}
	return &QRCode{Size: size + 2*quiet, Path: path.String()}, nil
}
