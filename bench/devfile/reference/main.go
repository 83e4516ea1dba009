// Parses, flattens and validates devfiles with the devfile project's own library, as often as it is told, and prints
// how long it took.
//
//	reference ROUNDS FILE...
package main

import (
	"encoding/json"
	"os"
	"strconv"
	"time"

	"github.com/devfile/library/v2/pkg/devfile"
	"github.com/devfile/library/v2/pkg/devfile/parser"
)

func main() {
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	inlined := false
	texts := [][]byte{}
	for _, path := range os.Args[2:] {
		text, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		texts = append(texts, text)
	}
	valid := 0
	begin := time.Now()
	for round := 0; round < rounds; round++ {
		for _, text := range texts {
			// What a component's URI leads to is not fetched: ours does not either.
			arguments := parser.ParserArgs{Data: text, ConvertKubernetesContentInUri: &inlined}
			if _, _, err := devfile.ParseDevfileAndValidate(arguments); err == nil {
				valid++
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"seconds": time.Since(begin).Seconds(), "valid": valid / rounds, "files": len(texts),
	})
}
