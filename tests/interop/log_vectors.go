package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A vector is one case of tests/vectors/log; its README says what the members are.
type vector struct {
	Entry       string
	EntryBase64 []byte `json:"entry_base64"`
	Index, Size int64
	Root        string
	Old, New    int64
	OldRoot     string `json:"old_root"`
	NewRoot     string `json:"new_root"`
	Proof       []string
	Vkey, Note  string
	NoteBase64  []byte `json:"note_base64"`
	Origin      string
	Time        uint64
}

func hash(text string) (out tlog.Hash, err error) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(data) != tlog.HashSize {
		return out, fmt.Errorf("%q is no hash", text)
	}
	copy(out[:], data)
	return out, nil
}

func (v vector) proof() (out []tlog.Hash, err error) {
	for _, text := range v.Proof {
		h, err := hash(text)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

func (v vector) inclusion() error {
	proof, err := v.proof()
	if err != nil {
		return err
	}
	root, err := hash(v.Root)
	if err != nil {
		return err
	}
	entry := []byte(v.Entry)
	if v.EntryBase64 != nil {
		entry = v.EntryBase64
	}
	return tlog.CheckRecord(proof, v.Size, root, v.Index, tlog.RecordHash(entry))
}

// sumdb/tlog knows no empty tree: what C2SP tlog-witness says of it stands here.
func (v vector) consistency() error {
	proof, err := v.proof()
	if err != nil {
		return err
	}
	oldRoot, err := hash(v.OldRoot)
	if err != nil {
		return err
	}
	newRoot, err := hash(v.NewRoot)
	if err != nil {
		return err
	}
	if v.Old > 0 {
		return tlog.CheckTree(proof, v.New, newRoot, v.Old, oldRoot)
	}
	if len(proof) > 0 || oldRoot != sha256.Sum256(nil) || v.New == 0 && newRoot != oldRoot {
		return errors.New("nothing follows from the empty tree so")
	}
	return nil
}

func (v vector) opened() (string, error) {
	key, err := verifier(v.Vkey)
	if err != nil {
		return "", err
	}
	signed := []byte(v.Note)
	if v.NoteBase64 != nil {
		signed = v.NoteBase64
	}
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return "", err
	}
	if c, is := key.(*cosigner); is && c.time != v.Time {
		return "", errors.New("cosigned at another time")
	}
	return opened.Text, nil
}

func (v vector) checkpoint() error {
	text, err := v.opened()
	if err != nil {
		return err
	}
	origin, _, err := checkpoint(text)
	if err == nil && origin != v.Origin {
		err = errors.New("a checkpoint of another log")
	}
	return err
}

// answerVectors says of every case "good" or "refused", and why.
func answerVectors(folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil || len(files) == 0 {
		fmt.Fprintln(os.Stderr, "log: no cases below", folder)
		os.Exit(1)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, "log:", err)
			os.Exit(1)
		}
		var v vector
		if err := json.Unmarshal(data, &v); err != nil {
			fmt.Fprintln(os.Stderr, "log:", file, err)
			os.Exit(1)
		}
		kind := filepath.Base(filepath.Dir(file))
		switch kind {
		case "inclusion":
			err = v.inclusion()
		case "consistency":
			err = v.consistency()
		case "checkpoint":
			err = v.checkpoint()
		case "note":
			_, err = v.opened()
		default:
			err = errors.New("no such kind of case")
		}
		if err == nil {
			fmt.Printf("%s/%s good\n", kind, filepath.Base(file))
		} else {
			fmt.Printf("%s/%s refused: %v\n", kind, filepath.Base(file), err)
		}
	}
}
