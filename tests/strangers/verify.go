// Verifies a running ledger with what Go's checksum database is verified with: golang.org/x/mod/sumdb/note and tlog.
//
//	go run verify.go URL VKEY TOKEN
//
// Debian has the packages (golang-golang-x-mod-dev, below /usr/share/gocode); nothing is fetched. The only thing that is not
// of theirs is the path of a tile: they write tile/8/0/000, C2SP tlog-tiles leaves out the height.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var url, token = os.Args[1], os.Args[3]

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func demand(holds bool, what string) {
	if !holds {
		check(fmt.Errorf("not so: %s", what))
	}
}

func get(path string) []byte {
	request, err := http.NewRequest("GET", url+"/"+path, nil)
	check(err)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err)
	demand(answer.StatusCode == 200, path+": "+answer.Status)
	return body
}

// tiles reads hash tiles over HTTP.
type tiles struct{}

func (tiles) Height() int                         { return 8 }
func (tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (tiles) ReadTiles(all []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range all {
		data = append(data, get("tile/"+strings.TrimPrefix(tile.Path(), "tile/8/")))
	}
	return data, nil
}

// proof reads a proof that the ledger made.
func proof(path string) []tlog.Hash {
	var answer struct{ Hashes []string }
	check(json.Unmarshal(get("v1/log/proofs/"+path), &answer))
	var hashes []tlog.Hash
	for _, text := range answer.Hashes {
		hash, err := tlog.ParseHash(text)
		check(err)
		hashes = append(hashes, hash)
	}
	return hashes
}

// entries reads every entry, bundle by bundle.
func entries(size int64) [][]byte {
	var all [][]byte
	for start := int64(0); start < size; start += 256 {
		tile := tlog.Tile{H: 8, L: -1, N: start / 256, W: 256}
		if size-start < 256 {
			tile.W = int(size - start)
		}
		data := get("tile/entries/" + strings.TrimPrefix(tile.Path(), "tile/8/data/"))
		for len(data) > 0 {
			length := int(data[0])<<8 | int(data[1])
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	demand(int64(len(all)) == size, "as many entries as the checkpoint says")
	return all
}

func main() {
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	checkpoint := get("checkpoint")
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	check(err)
	_, err = note.Open([]byte(strings.Replace(string(checkpoint), "\n", "x\n", 1)), note.VerifierList(verifier))
	demand(err != nil, "a checkpoint of another name is refused")
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	var root tlog.Hash
	copy(root[:], raw)
	// Tiles that do not add up to the root are refused by the reader itself.
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{})
	other := root
	other[0] ^= 1
	_, err = tlog.TileHashReader(tlog.Tree{N: size, Hash: other}, tiles{}).ReadHashes([]int64{0})
	demand(err != nil, "tiles under another root are refused")

	for index, entry := range entries(size) {
		leaf, n := tlog.RecordHash(entry), int64(index)
		own, err := tlog.ProveRecord(size, n, reader)
		check(err)
		check(tlog.CheckRecord(own, size, root, n, leaf))
		theirs := proof(fmt.Sprintf("inclusion/%d/%d", n, size))
		check(tlog.CheckRecord(theirs, size, root, n, leaf))
		leaf[0] ^= 1
		demand(tlog.CheckRecord(theirs, size, root, n, leaf) != nil, "another entry is refused")
	}
	for old := int64(1); old <= size; old++ {
		before, err := tlog.TreeHash(old, reader)
		check(err)
		own, err := tlog.ProveTree(size, old, reader)
		check(err)
		check(tlog.CheckTree(own, size, root, old, before))
		check(tlog.CheckTree(proof(fmt.Sprintf("consistency/%d/%d", old, size)), size, root, old, before))
	}
	fmt.Printf("%d entries\n", size)
}
