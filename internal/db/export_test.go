package db

import "io/fs"

// Under is the Opener with another schema; interrupt is asked after each step whether the
// process dies here.
func (o Opener) Under(schema fs.FS, interrupt func(number, step int) error) Opener {
	o.schema, o.interrupt = schema, interrupt
	return o
}
