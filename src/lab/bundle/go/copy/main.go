// copy is the `cp -f FROM TO` of an image that has no other programs. The new file takes the old one's place in one step, so a
// program that is running is not disturbed and nobody sees half of it.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	words := os.Args[1:]
	if len(words) > 0 && words[0] == "-f" {
		words = words[1:]
	}
	if len(words) != 2 {
		fmt.Fprintln(os.Stderr, "usage: cp [-f] FROM TO")
		os.Exit(2)
	}
	if err := replace(words[0], words[1]); err != nil {
		fmt.Fprintln(os.Stderr, "cp:", err)
		os.Exit(1)
	}
}

func replace(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if _, err = io.Copy(part, source); err != nil {
		return err
	}
	if err = part.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if err = part.Sync(); err != nil {
		return err
	}
	if err = part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), to)
}
