// SPDX-License-Identifier: MIT
// Checks a published log with golang.org/x/mod/sumdb/{note,tlog}, code that is not ours: the checkpoint's
// signature, every entry against the signed tree, inclusion of single entries, consistency with older checkpoints,
// receipts. Debian packages: golang-go golang-golang-x-mod-dev. No network is needed to build it:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build verify_log.go
//	./verify_log [-inclusions N] [-receipt FILE]... VKEY-FILE URL-OR-DIRECTORY [OLD-CHECKPOINT-FILE]...
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

// log is where the files are: a URL or a directory.
type log string

func (l log) read(path string) ([]byte, error) {
	if !strings.HasPrefix(string(l), "http://") {
		return os.ReadFile(filepath.Join(string(l), path))
	}
	response, err := http.Get(string(l) + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	want := "application/octet-stream"
	if path == "checkpoint" {
		want = "text/plain; charset=utf-8"
	}
	if got := response.Header.Get("Content-Type"); got != want {
		return nil, fmt.Errorf("%s: Content-Type %q", path, got)
	}
	return io.ReadAll(response.Body)
}

func tilePath(kind string, index int64, width int) string {
	groups := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		groups = fmt.Sprintf("x%03d/%s", index%1000, groups)
	}
	if width < tileWidth {
		groups += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + kind + "/" + groups
}

// tlog.TileReader
func (l log) Height() int { return tileHeight }

func (l log) SaveTiles([]tlog.Tile, [][]byte) {}

func (l log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := l.read(tilePath(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// openCheckpoint verifies a signed note and takes its tree head apart.
func openCheckpoint(data []byte, verifier note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, errors.New("a checkpoint has three lines")
	}
	if lines[0] != verifier.Name() {
		return tree, fmt.Errorf("origin %q", lines[0])
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// checkEntries reads all bundles; each entry must be the leaf that the signed tree has at its place.
func checkEntries(l log, tree tlog.Tree, hashes tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += tileWidth {
		width := tileWidth
		if tree.N-first < tileWidth {
			width = int(tree.N - first)
		}
		bundle, err := l.read(tilePath("entries", first/tileWidth, width))
		if err != nil {
			return err
		}
		var places []int64
		var leaves []tlog.Hash
		for i := 0; i < width; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("bundle %d ends inside entry %d", first/tileWidth, first+int64(i))
			}
			length := int(binary.BigEndian.Uint16(bundle))
			leaves = append(leaves, tlog.RecordHash(bundle[2:2+length]))
			places = append(places, tlog.StoredHashIndex(0, first+int64(i)))
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			return fmt.Errorf("bundle %d has %d bytes too many", first/tileWidth, len(bundle))
		}
		signed, err := hashes.ReadHashes(places)
		if err != nil {
			return err
		}
		for i := range leaves {
			if leaves[i] != signed[i] {
				return fmt.Errorf("entry %d is not the one in the tree", first+int64(i))
			}
		}
	}
	return nil
}

func checkInclusion(tree tlog.Tree, hashes tlog.HashReader, index int64) error {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0])
}

func checkConsistency(tree tlog.Tree, hashes tlog.HashReader, old tlog.Tree) error {
	if old.N == tree.N && old.Hash == tree.Hash {
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

// checkReceipt verifies a c2sp.org/tlog-proof whose "extra" is the entry.
func checkReceipt(data []byte, verifier note.Verifier) error {
	head, checkpoint, found := strings.Cut(string(data), "\n\n")
	if !found {
		return errors.New("no empty line")
	}
	tree, err := openCheckpoint([]byte(checkpoint), verifier)
	if err != nil {
		return err
	}
	lines := strings.Split(head, "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof with an entry")
	}
	if !strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return errors.New("lines extra and index are missing")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func check(what string, err error) {
	if err != nil {
		fmt.Printf("FAILED %s: %v\n", what, err)
		os.Exit(1)
	}
}

type list []string

func (l *list) String() string         { return strings.Join(*l, " ") }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

func main() {
	var receipts list
	inclusions := flag.Int64("inclusions", 50, "how many entries to prove one by one")
	flag.Var(&receipts, "receipt", "a receipt to verify; may be repeated")
	flag.Parse()
	if flag.NArg() < 2 {
		flag.Usage()
		os.Exit(2)
	}
	vkey, err := os.ReadFile(flag.Arg(0))
	check("key", err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	check("key", err)

	l := log(strings.TrimSuffix(flag.Arg(1), "/"))
	data, err := l.read("checkpoint")
	check("checkpoint", err)
	tree, err := openCheckpoint(data, verifier)
	check("checkpoint", err)
	fmt.Printf("signature good: %s size %d\n", verifier.Name(), tree.N)

	hashes := tlog.TileHashReader(tree, l)
	root, err := tlog.TreeHash(tree.N, hashes)
	check("tree", err)
	if root != tree.Hash {
		check("tree", errors.New("the tiles have another root than the checkpoint"))
	}
	check("entries", checkEntries(l, tree, hashes))
	fmt.Printf("entries good: %d\n", tree.N)

	proved := int64(0)
	for ; proved < *inclusions && proved < tree.N; proved++ {
		index := proved * (tree.N - 1) / *inclusions
		check(fmt.Sprintf("inclusion of %d", index), checkInclusion(tree, hashes, index))
	}
	check("inclusion of the last", checkInclusion(tree, hashes, tree.N-1))
	fmt.Printf("inclusion good: %d\n", proved+1)

	for _, name := range flag.Args()[2:] {
		data, err := os.ReadFile(name)
		check(name, err)
		old, err := openCheckpoint(data, verifier)
		check(name, err)
		check(fmt.Sprintf("consistency %d to %d", old.N, tree.N), checkConsistency(tree, hashes, old))
	}
	fmt.Printf("consistency good: %d\n", flag.NArg()-2)

	for _, name := range receipts {
		data, err := os.ReadFile(name)
		check(name, err)
		check(name, checkReceipt(data, verifier))
	}
	fmt.Printf("receipts good: %d\n", len(receipts))
}
