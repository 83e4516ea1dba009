// What the devfile project's own library makes of devfiles, for comparing ours with it.
//
//	reference FOLDER
//
// Each folder in FOLDER is a case: its devfile.yaml, what that imports, and, where wanted, variables.json (variables
// from outside) and an empty file `inline` (manifests are brought in). One line of JSON a case, in the order of names.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"sync"

	"github.com/devfile/library/v2/pkg/devfile"
	"github.com/devfile/library/v2/pkg/devfile/parser"
)

// Case is what is told about one devfile.
type Case struct {
	Name string `json:"name"`
	// Where it failed: "form" (YAML, schema, imports, merging), "rules" (validation), "panic"; empty if it is valid.
	Stage     string          `json:"stage,omitempty"`
	Error     string          `json:"error,omitempty"`
	Flattened json.RawMessage `json:"flattened,omitempty"`
	// Unknown variables: list -> element -> names.
	Warnings map[string]map[string][]string `json:"warnings,omitempty"`
	Pod      *Pod                           `json:"pod,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference FOLDER")
		os.Exit(2)
	}
	entries, err := os.ReadDir(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	names := []string{}
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	sort.Strings(names)
	results := make([]Case, len(names))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for index := range next {
				results[index] = read(names[index], filepath.Join(os.Args[1], names[index]))
			}
		}()
	}
	for index := range names {
		next <- index
	}
	close(next)
	workers.Wait()
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, result := range results {
		if err := encoder.Encode(result); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		os.Exit(1)
	}
}

func read(name, folder string) (result Case) {
	result.Name = name
	defer func() {
		if trouble := recover(); trouble != nil {
			result = Case{Name: name, Stage: "panic", Error: fmt.Sprint(trouble)}
		}
	}()
	arguments, err := arguments(folder)
	if err != nil {
		return Case{Name: name, Stage: "panic", Error: err.Error()}
	}
	if _, err := parser.ParseDevfile(arguments); err != nil {
		return Case{Name: name, Stage: "form", Error: err.Error()}
	}
	if _, _, err := devfile.ParseDevfileAndValidate(arguments); err != nil {
		return Case{Name: name, Stage: "rules", Error: err.Error()}
	}
	result.Pod = pod(arguments)
	// As it is written: defaults stay unsaid.
	defaults := false
	arguments.SetBooleanDefaults = &defaults
	parsed, warnings, err := devfile.ParseDevfileAndValidate(arguments)
	if err != nil {
		return Case{Name: name, Stage: "panic", Error: err.Error()}
	}
	if result.Flattened, err = json.Marshal(parsed.Data); err != nil {
		return Case{Name: name, Stage: "panic", Error: err.Error()}
	}
	result.Warnings = map[string]map[string][]string{
		"commands": warnings.Commands, "components": warnings.Components, "projects": warnings.Projects,
		"starterProjects": warnings.StarterProjects, "dependentProjects": warnings.DependentProjects,
	}
	for list, elements := range result.Warnings {
		for _, names := range elements {
			sort.Strings(names)
		}
		if len(elements) == 0 {
			delete(result.Warnings, list)
		}
	}
	return result
}

func arguments(folder string) (arguments parser.ParserArgs, err error) {
	arguments.Path = filepath.Join(folder, "devfile.yaml")
	_, missing := os.Stat(filepath.Join(folder, "inline"))
	inline := missing == nil
	arguments.ConvertKubernetesContentInUri = &inline
	download := false
	arguments.DownloadGitResources = &download
	text, err := os.ReadFile(filepath.Join(folder, "variables.json"))
	if errors.Is(err, os.ErrNotExist) {
		return arguments, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &arguments.ExternalVariables)
	}
	return arguments, err
}
