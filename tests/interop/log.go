// A verifier of a whole log (C2SP tlog-tiles) that is not ours: golang.org/x/mod/sumdb, the code of Go's checksum database.
//
//	log ADDRESS VKEY [WITNESS-VKEY …]   ADDRESS is a folder or begins with http:// or https://
//	log --vectors FOLDER                answers every case below FOLDER (tests/vectors/log): see log_vectors.go
//
// It reads the checkpoint and all entries, rebuilds the tree from the entries, compares the root and every hash tile, and
// verifies a proof for every leaf and for thousands of pairs of sizes, made out of the tiles as they are served.
// Exit code: 0 all agrees, 1 with a reason it does not, 2 wrongly called.
//
// Debian: apt-get install golang-go golang-golang-x-mod-dev; then, without a network,
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o log log.go log_vectors.go
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height   = 8
	width    = 1 << height
	pairs    = 2000
	fetchMax = 64 << 20
)

// A source gives what a log serves below its address.
type source func(path string) ([]byte, error)

func open(address string) source {
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return func(path string) ([]byte, error) {
			return os.ReadFile(filepath.Join(address, filepath.FromSlash(path)))
		}
	}
	return func(path string) ([]byte, error) {
		answer, err := http.Get(strings.TrimSuffix(address, "/") + "/" + path)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, answer.Status)
		}
		return io.ReadAll(io.LimitReader(answer.Body, fetchMax))
	}
}

// cosigner verifies cosignatures of type 0x04 (C2SP tlog-cosignature), which sumdb/note does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	time uint64
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }
func (c *cosigner) Verify(message, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	c.time = binary.BigEndian.Uint64(signature)
	if c.time == 0 || c.time > 1<<63-1 {
		return false
	}
	cosigned := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, message)
	return ed25519.Verify(c.key, []byte(cosigned), signature[8:])
}

func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || parts[1] != strings.ToLower(parts[1]) {
		return nil, errors.New("no verifier key")
	}
	data, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != 4 {
		return note.NewVerifier(vkey)
	}
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), data...))
	hash := binary.BigEndian.Uint32(digest[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("the key's id is not its own")
	}
	return &cosigner{name: parts[0], hash: hash, key: data[1:]}, nil
}

// checkpoint reads the text of a checkpoint without extension lines (C2SP tlog-checkpoint).
func checkpoint(text string) (origin string, tree tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" || strings.ContainsAny(lines[0], " +") {
		return "", tree, errors.New("the checkpoint is not three lines: origin, size, root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", tree, fmt.Errorf("the checkpoint's size %q is no size", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", tree, fmt.Errorf("the checkpoint's root %q is no hash", lines[2])
	}
	tree.N = size
	copy(tree.Hash[:], root)
	if size == 0 && tree.Hash != sha256.Sum256(nil) {
		return "", tree, errors.New("the root of the empty tree is another")
	}
	return lines[0], tree, nil
}

// path is the address of a tile: that of the checksum database without its height.
func path(t tlog.Tile) string {
	return strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", t.H), "tile/", 1)
}

func entriesPath(n int64, w int) string {
	return strings.Replace(path(tlog.Tile{H: height, L: 0, N: n, W: w}), "tile/0/", "tile/entries/", 1)
}

func readEntries(read source, size int64) (entries [][]byte, err error) {
	for n := int64(0); n*width < size; n++ {
		w := width
		if size-n*width < width {
			w = int(size - n*width)
		}
		bundle, err := read(entriesPath(n, w))
		if err != nil {
			return nil, err
		}
		for i := 0; i < w; i++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s ends within entry %d", entriesPath(n, w), i)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries, bundle = append(entries, bundle[2:end]), bundle[end:]
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("%s has %d bytes behind its last entry", entriesPath(n, w), len(bundle))
		}
	}
	return entries, nil
}

// stored holds the hashes of a tree in the order of the checksum database.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = s[index]
	}
	return out, nil
}

func rebuild(entries [][]byte) (stored, error) {
	var tree stored
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, tree)
		if err != nil {
			return nil, err
		}
		tree = append(tree, hashes...)
	}
	return tree, nil
}

// tiles gives tiles as they are served; each is asked for once.
type tiles struct {
	read source
	have map[tlog.Tile][]byte
}

func (t *tiles) Height() int                     { return height }
func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(wanted))
	for i, tile := range wanted {
		if _, there := t.have[tile]; !there {
			data, err := t.read(path(tile))
			if err != nil {
				return nil, err
			}
			if len(data) != tile.W*tlog.HashSize {
				return nil, fmt.Errorf("%s has %d bytes for %d hashes", path(tile), len(data), tile.W)
			}
			t.have[tile] = data
		}
		out[i] = t.have[tile]
	}
	return out, nil
}

func compareTiles(served *tiles, tree stored, size int64) (compared int, err error) {
	for _, tile := range tlog.NewTiles(height, 0, size) {
		// It names every width a partial tile ever had; a tree of this size has the widest.
		if tile.W < width && int64(tile.W) != size>>(height*tile.L)%width {
			continue
		}
		data, err := served.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return 0, err
		}
		expect, err := tlog.ReadTileData(tile, tree)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(data[0], expect) {
			return 0, fmt.Errorf("%s is not what the entries make it", path(tile))
		}
		compared++
	}
	return compared, nil
}

// nodes reads hashes out of tiles that have been compared; each is computed once.
type nodes struct {
	served *tiles
	size   int64
	have   map[int64]tlog.Hash
}

func (n nodes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if _, there := n.have[index]; !there {
			tile := tlog.TileForIndex(height, index)
			if tile.W = width; n.size>>(height*tile.L)-tile.N*width < width {
				tile.W = int(n.size >> (height * tile.L) % width)
			}
			data, err := n.served.ReadTiles([]tlog.Tile{tile})
			if err != nil {
				return nil, err
			}
			if n.have[index], err = tlog.HashFromTile(tile, data[0], index); err != nil {
				return nil, err
			}
		}
		out[i] = n.have[index]
	}
	return out, nil
}

func checkInclusion(through tlog.HashReader, entries [][]byte, head tlog.Tree) error {
	for i, entry := range entries {
		proof, err := tlog.ProveRecord(head.N, int64(i), through)
		if err == nil {
			err = tlog.CheckRecord(proof, head.N, head.Hash, int64(i), tlog.RecordHash(entry))
		}
		if err != nil {
			return fmt.Errorf("inclusion of entry %d: %w", i, err)
		}
	}
	return nil
}

// sizes gives pairs of an older and a newer size: every power of two with its neighbours, and random ones, always alike.
func sizes(size int64) (out [][2]int64) {
	for power := int64(1); power <= size; power *= 2 {
		for _, old := range []int64{power - 1, power, power + 1} {
			if 0 < old && old <= size {
				out = append(out, [2]int64{old, size})
			}
		}
	}
	random := rand.New(rand.NewSource(size))
	for i := 0; size > 0 && i < pairs; i++ {
		newer := 1 + random.Int63n(size)
		out = append(out, [2]int64{1 + random.Int63n(newer), newer})
	}
	return out
}

func checkConsistency(through tlog.HashReader, tree stored, size int64) (int, error) {
	all := sizes(size)
	for _, pair := range all {
		older, newer := pair[0], pair[1]
		oldRoot, err := tlog.TreeHash(older, tree)
		if err != nil {
			return 0, err
		}
		newRoot, err := tlog.TreeHash(newer, tree)
		if err != nil {
			return 0, err
		}
		proof, err := tlog.ProveTree(newer, older, through)
		if err == nil {
			err = tlog.CheckTree(proof, newer, newRoot, older, oldRoot)
		}
		if err != nil {
			return 0, fmt.Errorf("consistency from %d to %d: %w", older, newer, err)
		}
	}
	return len(all), nil
}

func verify(read source, vkeys []string) (string, error) {
	signed, err := read("checkpoint")
	if err != nil {
		return "", err
	}
	var text string
	for _, vkey := range vkeys {
		key, err := verifier(vkey)
		if err != nil {
			return "", fmt.Errorf("%s: %w", vkey, err)
		}
		opened, err := note.Open(signed, note.VerifierList(key))
		if err != nil {
			return "", fmt.Errorf("the checkpoint by %s: %w", key.Name(), err)
		}
		text = opened.Text
	}
	origin, head, err := checkpoint(text)
	if err != nil {
		return "", err
	}
	if name, _, _ := strings.Cut(vkeys[0], "+"); origin != name {
		return "", fmt.Errorf("the checkpoint speaks of %s, the key of %s", origin, name)
	}
	entries, err := readEntries(read, head.N)
	if err != nil {
		return "", err
	}
	tree, err := rebuild(entries)
	if err != nil {
		return "", err
	}
	root := tlog.Hash(sha256.Sum256(nil))
	if head.N > 0 {
		if root, err = tlog.TreeHash(head.N, tree); err != nil {
			return "", err
		}
	}
	if root != head.Hash {
		return "", fmt.Errorf("the entries have the root %v, the checkpoint says %v", root, head.Hash)
	}
	served := &tiles{read: read, have: map[tlog.Tile][]byte{}}
	compared, err := compareTiles(served, tree, head.N)
	if err != nil {
		return "", err
	}
	if err := checkInclusion(nodes{served, head.N, map[int64]tlog.Hash{}}, entries, head); err != nil {
		return "", err
	}
	// This reader holds every tile it takes a hash from against the root, each time.
	consistent, err := checkConsistency(tlog.TileHashReader(head, served), tree, head.N)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("entries %d, tiles %d, inclusion proofs %d, consistency proofs %d, signatures %d",
		head.N, compared, len(entries), consistent, len(vkeys)), nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: log ADDRESS VKEY [WITNESS-VKEY ...] | log --vectors FOLDER")
		os.Exit(2)
	}
	if os.Args[1] == "--vectors" {
		answerVectors(os.Args[2])
		return
	}
	counts, err := verify(open(os.Args[1]), os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "log:", err)
		os.Exit(1)
	}
	fmt.Println(counts)
}
