// Makes vectors.json: notes, checkpoints, cosignatures, trees, proofs and policies by
// implementations that others wrote, and what those say of our own vectors.
//
// Run by hand, in this folder: go run . ../vectors vectors.json
// Which modules, in which versions, go.mod says. No test needs Go: tests/tests/interoperation.rs reads the file.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"crypto/mldsa"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type object = map[string]any

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// What signs notes under a name, from a fixed seed.
type signer struct {
	note.Signer
	vkey string
}

func seeded(name string, seed byte) signer {
	key := ed25519.NewKeyFromSeed(repeat(seed))
	vkey := must(note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)))
	id := strings.Split(vkey, "+")[1]
	private := append([]byte{1}, key.Seed()...)
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, id, base64.StdEncoding.EncodeToString(private))
	return signer{must(note.NewSigner(skey)), vkey}
}

func witness(name string, seed byte) *torchwood.CosignatureSigner {
	return must(torchwood.NewCosignatureSigner(name, ed25519.NewKeyFromSeed(repeat(seed))))
}

func repeat(seed byte) []byte {
	return []byte(strings.Repeat(string(rune(seed)), 32))
}

func room(digit string) string {
	return "kivu.example/" + strings.Repeat(digit, 64)
}

// A tree of records, as golang.org/x/mod has it.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, index := range indexes {
		out = append(out, t[index])
	}
	return out, nil
}

func grown(records ...[]byte) tree {
	var t tree
	for n, record := range records {
		t = append(t, must(tlog.StoredHashes(int64(n), record, t))...)
	}
	return t
}

func signed(text string, by ...note.Signer) string {
	return string(must(note.Sign(&note.Note{Text: text}, by...)))
}

func hexes[H ~[32]byte](hashes []H) []string {
	out := []string{}
	for _, hash := range hashes {
		h := [32]byte(hash)
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

func records(count int) [][]byte {
	var out [][]byte
	for n := range count {
		out = append(out, []byte(fmt.Sprintf("record %d", n)))
	}
	return out
}

func notes() []object {
	one, two := seeded("kivu.example", 'a'), seeded("sahel.example/log", 'b')
	text := "Above the line.\n\nAbove it too, in Kinyarwanda and français.\n"
	return []object{
		{"name": "one signature", "keys": []string{one.vkey}, "note": signed(text, one)},
		{"name": "two signatures", "keys": []string{one.vkey, two.vkey}, "note": signed(text, one, two)},
		{"name": "one of two is known", "keys": []string{two.vkey}, "note": signed(text, one, two)},
	}
}

func checkpoints() []object {
	out := []object{}
	for _, count := range []int{1, 2, 7, 64, 1000} {
		t := grown(records(count)...)
		root := must(tlog.TreeHash(int64(count), t))
		log := seeded(room("5"), 'l')
		text := torchwood.Checkpoint{Origin: room("5"), Tree: tlog.Tree{N: int64(count), Hash: root}}.String()
		first, second := witness("un/monitor-1", 'v'), witness("un/monitor-2", 'w')
		quantum := must(torchwood.NewCosignatureSigner("un/monitor-3", must(mldsa.NewPrivateKey(mldsa.MLDSA44(), repeat('q')))))
		cosigned := signed(text, log, first, second, quantum)
		opened := must(note.Open([]byte(cosigned), note.VerifierList(
			must(note.NewVerifier(log.vkey)), first.Verifier(), second.Verifier(), quantum.Verifier())))
		times := object{}
		for _, sig := range opened.Sigs[1:] {
			times[sig.Name] = must(torchwood.CosignatureTimestamp(sig))
		}
		out = append(out, object{
			"origin": room("5"), "size": count, "root": hex.EncodeToString(root[:]),
			"log": log.vkey, "note": signed(text, log), "cosigned": cosigned, "times": times,
			"witnesses": []string{first.Verifier().String(), second.Verifier().String(), quantum.Verifier().String()},
		})
	}
	return out
}

func trees() []object {
	out := []object{}
	for _, count := range []int{1, 2, 3, 8, 13, 100} {
		all := records(count)
		t := grown(all...)
		root := must(tlog.TreeHash(int64(count), t))
		inclusion, consistency := []object{}, []object{}
		for n := 0; n < count; n += 1 + count/5 {
			leaf := tlog.RecordHash(all[n])
			inclusion = append(inclusion, object{
				"index": n, "leaf": hex.EncodeToString(leaf[:]),
				"hashes": hexes(must(tlog.ProveRecord(int64(count), int64(n), t))),
			})
			from := must(tlog.TreeHash(int64(n+1), t))
			consistency = append(consistency, object{
				"size": n + 1, "root": hex.EncodeToString(from[:]),
				"hashes": hexes(must(tlog.ProveTree(int64(count), int64(n+1), t))),
			})
		}
		out = append(out, object{
			"size": count, "root": hex.EncodeToString(root[:]), "inclusion": inclusion, "consistency": consistency,
		})
	}
	return out
}

func proofs() []object {
	out := []object{}
	all := records(13)
	t := grown(all...)
	root := must(tlog.TreeHash(13, t))
	log := seeded(room("5"), 'l')
	text := torchwood.Checkpoint{Origin: room("5"), Tree: tlog.Tree{N: 13, Hash: root}}.String()
	checkpoint := signed(text, log, witness("un/monitor-1", 'v'))
	for _, n := range []int64{0, 5, 12} {
		leaf := tlog.RecordHash(all[n])
		path := must(tlog.ProveRecord(13, n, t))
		for _, proof := range [][]byte{
			torchwood.FormatProof(n, path, []byte(checkpoint)),
			torchwood.FormatProofWithExtraData(n, all[n], path, []byte(checkpoint)),
		} {
			key := must(note.NewVerifier(log.vkey))
			policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(room("5")), torchwood.SingleVerifierPolicy(key))
			check(torchwood.VerifyProof(policy, leaf, proof))
			out = append(out, object{
				"index": n, "leaf": hex.EncodeToString(leaf[:]), "log": log.vkey, "proof": string(proof),
			})
		}
	}
	return out
}

// Whether a policy is taken, and whose cosignatures then suffice for a checkpoint of its log.
func policies() []object {
	names := []string{"a", "b", "c"}
	by := map[string]*torchwood.CosignatureSigner{}
	lines := ""
	for at, name := range names {
		by[name] = witness("un/monitor-"+name, byte('A'+at))
		lines += fmt.Sprintf("witness %s %s https://witness.example/%s\n", name, by[name].Verifier(), name)
	}
	log := seeded(room("5"), 'l')
	known := "log " + log.vkey + "\n"
	texts := []struct{ name, text string }{
		{"nothing but none", "quorum none\n"},
		{"one witness", lines + "quorum b\n"},
		{"any of three", lines + "group g any a b c\nquorum g\n"},
		{"all of three", lines + "group g all a b c\nquorum g\n"},
		{"two of three", lines + "group g 2 a b c\nquorum g\n"},
		{"a group in a group", lines + "group g any a b\ngroup h all g c\nquorum h\n"},
		{"a log and none", known + lines + "quorum none\n"},
		{"a log and two of three", known + lines + "group g 2 a b c\nquorum g\n"},
		{"a log with an address", "log " + log.vkey + " https://log.example/\n" + lines + "quorum a\n"},
		{"tabs and empty lines", strings.ReplaceAll(known+"\n"+lines+"\nquorum\ta\n", " a ", "\ta\t")},
		{"a comment on a line of its own", "# Kivu\n" + lines + "quorum a\n"},
		{"no quorum", lines},
		{"two quorums", lines + "quorum a\nquorum b\n"},
		{"an unknown quorum", lines + "quorum z\n"},
		{"an unknown member", lines + "group g any a z\nquorum g\n"},
		{"a threshold of none", lines + "group g 0 a b\nquorum g\n"},
		{"a threshold beyond its members", lines + "group g 3 a b\nquorum g\n"},
		{"a name twice", lines + "group a any b c\nquorum a\n"},
		{"an unknown word", lines + "quorums a\n"},
		{"a witness without a key", "witness a\nquorum none\n"},
		{"a log's key for a witness", "witness a " + log.vkey + "\nquorum a\n"},
		{"a witness's key for a log", "log " + by["a"].Verifier().String() + "\nquorum none\n"},
		{"a key with another id", strings.Replace(lines, "+", "+0", 1) + "quorum a\n"},
		{"a comment behind a line", lines + "quorum a # Kivu\n"},
		{"one key under two names", lines + "witness d " + by["a"].Verifier().String() + "\nquorum a\n"},
		{"a member of two groups", lines + "group g any a b\ngroup h any a c\nquorum h\n"},
	}
	root := must(tlog.TreeHash(3, grown(records(3)...)))
	text := torchwood.Checkpoint{Origin: room("5"), Tree: tlog.Tree{N: 3, Hash: root}}.String()
	out := []object{}
	for _, it := range texts {
		policy, err := torchwood.ParsePolicy([]byte(it.text))
		one := object{"name": it.name, "text": it.text, "taken": err == nil}
		met := []object{}
		for mask := 0; err == nil && mask < 8; mask++ {
			signers, who := []note.Signer{log}, []string{}
			for at, name := range names {
				if mask&(1<<at) != 0 {
					signers, who = append(signers, by[name]), append(who, by[name].Verifier().String())
				}
			}
			verified := []note.Signature{}
			if opened, err := note.Open([]byte(signed(text, signers...)), policy); err == nil {
				verified = opened.Sigs
			}
			met = append(met, object{"cosigned": who, "met": policy.Check(room("5"), verified) == nil})
		}
		one["judged"] = met
		out = append(out, one)
	}
	return out
}

type vector struct {
	Name  string         `json:"name"`
	Input map[string]any `json:"input"`
}

func ours(dir, file string) []vector {
	var out []vector
	check(json.Unmarshal(must(os.ReadFile(filepath.Join(dir, file))), &out))
	return out
}

func verifiers(keys []any) note.Verifiers {
	list := []note.Verifier{}
	for _, key := range keys {
		if v, err := torchwood.NewCosignatureVerifier(key.(string)); err == nil {
			list = append(list, v)
		} else if v, err := note.NewVerifier(key.(string)); err == nil {
			list = append(list, v)
		}
	}
	return note.VerifierList(list...)
}

// The log key of a charter is named for the domain; checkpoints are signed under their origin.
func renamed(vkey, origin string) string {
	key := must(base64.StdEncoding.DecodeString(strings.SplitN(vkey, "+", 3)[2]))
	return must(note.NewEd25519VerifierKey(origin, ed25519.PublicKey(key[1:])))
}

func verdicts(dir string) object {
	out := object{}
	all := object{}
	for _, it := range ours(dir, "notes.json") {
		_, err := note.Open([]byte(it.Input["note"].(string)), verifiers(it.Input["keys"].([]any)))
		all[it.Name] = err == nil
	}
	out["notes"] = all
	opened := func(it vector, more ...any) (torchwood.Checkpoint, *note.Note, error) {
		origin := it.Input["domain"].(string) + "/" + it.Input["room"].(string)
		vkey := it.Input["log_vkey"].(string)
		key := vkey
		if raw := must(base64.StdEncoding.DecodeString(strings.SplitN(vkey, "+", 3)[2])); raw[0] == 1 {
			key = renamed(vkey, origin)
		}
		n, err := note.Open([]byte(it.Input["note"].(string)), verifiers(append(more, key)))
		if err != nil {
			return torchwood.Checkpoint{}, nil, err
		}
		c, err := torchwood.ParseCheckpoint(n.Text)
		if err == nil && c.Origin != origin {
			err = fmt.Errorf("another origin")
		}
		return c, n, err
	}
	all = object{}
	for _, it := range ours(dir, "checkpoints.json") {
		_, _, err := opened(it)
		all[it.Name] = err == nil
	}
	out["checkpoints"] = all
	all = object{}
	for _, it := range ours(dir, "cosignatures.json") {
		_, _, err := opened(it, it.Input["witnesses"].([]any)...)
		all[it.Name] = err == nil
	}
	out["cosignatures"] = all
	all = object{}
	for _, it := range ours(dir, "proofs.json") {
		proof := it.Input["proof"].(string)
		_, text, _ := strings.Cut(proof, "\n\n")
		origin, _, _ := strings.Cut(text, "\n")
		entry, err := torchwood.ProofExtraData([]byte(proof))
		if err == nil && len(entry) == 0 {
			err = fmt.Errorf("no entry")
		}
		if err == nil {
			key := must(note.NewVerifier(renamed(it.Input["log_vkey"].(string), origin)))
			policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(key))
			err = torchwood.VerifyProof(policy, tlog.RecordHash(entry), []byte(proof))
		}
		all[it.Name] = err == nil
	}
	out["proofs"] = all
	return out
}

// So that the verdicts are known to be of the vectors that are there.
func digests(dir string) object {
	out := object{}
	for _, file := range []string{"notes", "checkpoints", "cosignatures", "proofs"} {
		sum := sha256.Sum256(must(os.ReadFile(filepath.Join(dir, file+".json"))))
		out[file] = hex.EncodeToString(sum[:])
	}
	return out
}

func modules() object {
	out := object{}
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "filippo.io/torchwood" || dep.Path == "golang.org/x/mod" {
			out[dep.Path] = dep.Version
		}
	}
	return out
}

func main() {
	dir, path := os.Args[1], os.Args[2]
	made := object{
		"made_by": modules(), "notes": notes(), "checkpoints": checkpoints(), "trees": trees(), "proofs": proofs(),
		"policies": policies(), "verdicts": verdicts(dir), "verdicts_of": digests(dir),
	}
	text := must(json.MarshalIndent(made, "", " "))
	check(os.WriteFile(path, append(text, '\n'), 0o644))
}
