// Logreader checks a log in a folder with the libraries of Go's checksum database and of transparency.dev, which
// know nothing of the program that wrote it: the checkpoint's note, the inclusion of every entry, and, with an older
// checkpoint, that the log extends it.
//
//	logreader -key 'name+hash+key' [-old FILE] FOLDER
//
// It prints one line and exits with 0 when all holds, and with 1 otherwise.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

func main() {
	key := flag.String("key", "", "the log's public key, name+hash+key")
	old := flag.String("old", "", "a file with an older checkpoint of the same log")
	flag.Parse()
	if err := check(flag.Arg(0), *key, *old); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}

func check(folder, key, old string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree, err := readCheckpoint(filepath.Join(folder, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, &files{folder: folder, known: map[tlog.Tile][]byte{}})
	if err := checkEntries(folder, tree, reader); err != nil {
		return err
	}
	if old != "" {
		older, err := readCheckpoint(old, verifier)
		if err != nil {
			return err
		}
		if err := checkConsistency(older, tree, reader); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %d entries included\n", verifier.Name(), tree.N)
	return nil
}

// readCheckpoint opens a C2SP tlog-checkpoint that the log signed.
func readCheckpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("this is no checkpoint of the log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("the root is no hash")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// checkEntries proves each entry of the bundles with both libraries.
func checkEntries(folder string, tree tlog.Tree, reader tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += width {
		count := min(width, tree.N-first)
		entries, err := readBundle(folder, first/width, count)
		if err != nil {
			return err
		}
		for at, entry := range entries {
			index := first + int64(at)
			path, err := tlog.ProveRecord(tree.N, index, reader)
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(entry)
			err = proof.VerifyInclusion(
				rfc6962.DefaultHasher, uint64(index), uint64(tree.N), leaf, bytesOf(path), tree.Hash[:])
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
		}
	}
	return nil
}

// checkConsistency proves with both libraries that the log extends an older checkpoint.
func checkConsistency(older, tree tlog.Tree, reader tlog.HashReader) error {
	path, err := tlog.ProveTree(tree.N, older.N, reader)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(path, tree.N, tree.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("it does not extend %d entries: %w", older.N, err)
	}
	return proof.VerifyConsistency(
		rfc6962.DefaultHasher, uint64(older.N), uint64(tree.N), bytesOf(path), older.Hash[:], tree.Hash[:])
}

// readBundle reads a C2SP tlog-tiles entry bundle: each entry behind its length in 16 bits.
func readBundle(folder string, number, count int64) ([][]byte, error) {
	bundle := tlog.Tile{H: height, L: -1, N: number, W: int(count)}
	path := strings.Replace(bundle.Path(), "tile/8/data/", "tile/entries/", 1)
	rest, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(rest) >= 2 {
		length := int(binary.BigEndian.Uint16(rest))
		if len(rest) < 2+length {
			break
		}
		entries, rest = append(entries, rest[2:2+length]), rest[2+length:]
	}
	if len(rest) != 0 || int64(len(entries)) != count {
		return nil, fmt.Errorf("%s is no bundle of %d entries", path, count)
	}
	return entries, nil
}

// files reads hash tiles; tlog.TileHashReader checks them against the tree's root before it saves them.
type files struct {
	folder string
	known  map[tlog.Tile][]byte
}

func (f *files) Height() int { return height }

func (f *files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(tiles))
	for at, tile := range tiles {
		content, known := f.known[tile]
		if !known {
			path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
			var err error
			if content, err = os.ReadFile(filepath.Join(f.folder, path)); err != nil {
				return nil, err
			}
		}
		contents[at] = content
	}
	return contents, nil
}

func (f *files) SaveTiles(tiles []tlog.Tile, contents [][]byte) {
	for at, tile := range tiles {
		f.known[tile] = contents[at]
	}
}

func bytesOf(path []tlog.Hash) [][]byte {
	hashes := make([][]byte, len(path))
	for at := range path {
		hashes[at] = path[at][:]
	}
	return hashes
}
