// Makes core/src/plan/merge/cases.json: random patches of containers and pod templates, merged by Kubernetes' own
// strategicpatch, for the tests of ours.
//
//	cd scripts/merge-cases && go run . > ../../core/src/plan/merge/cases.json
package main

import (
	"bytes"
	"encoding/json"
	"math/rand"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type object = map[string]any

var random = rand.New(rand.NewSource(7))

func pick(words ...any) any { return words[random.Intn(len(words))] }

// Some of the fields, each made when it is chosen.
func some(chance float64, fields map[string]func() any) object {
	out := object{}
	for _, name := range sorted(fields) {
		if random.Float64() < chance {
			out[name] = fields[name]()
		}
	}
	return out
}

func sorted(fields map[string]func() any) []string {
	names := []string{}
	for name := range fields {
		names = append(names, name)
	}
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if names[j] < names[i] {
				names[i], names[j] = names[j], names[i]
			}
		}
	}
	return names
}

// A list of items with different keys.
func keyed(key string, values []any, patch bool, more func() object) func() any {
	return func() any {
		list := []any{}
		for _, at := range random.Perm(len(values))[:random.Intn(len(values))] {
			item := more()
			item[key] = values[at]
			if patch && random.Intn(8) == 0 {
				item = object{key: values[at], "$patch": "delete"}
			}
			list = append(list, item)
		}
		if patch && random.Intn(12) == 0 {
			list = append(list, object{"$patch": "replace"})
		}
		return list
	}
}

func labels(patch bool) func() any {
	return func() any {
		out := object{}
		for _, name := range []string{"a", "b", "c"} {
			if random.Intn(2) == 0 {
				out[name] = pick("1", "2", "3")
			}
		}
		if patch && random.Intn(4) == 0 {
			out["a"] = nil
		}
		if patch && random.Intn(10) == 0 {
			out["$patch"] = "replace"
			delete(out, "a")
		}
		return out
	}
}

func quantities() any {
	return object{"cpu": pick("1", "2"), pick("memory", "nvidia.com/gpu").(string): pick("1", "2")}
}

func container(patch bool, inList bool) object {
	fields := map[string]func() any{
		"env":           keyed("name", []any{"A", "B", "C"}, patch, func() object { return object{"value": pick("1", "2")} }),
		"ports":         keyed("containerPort", []any{80.0, 81.0, 82.0}, patch, func() object { return object{"protocol": pick("TCP", "UDP")} }),
		"volumeMounts":  keyed("mountPath", []any{"/a", "/b", "/c"}, patch, func() object { return object{"name": pick("x", "y")} }),
		"volumeDevices": keyed("devicePath", []any{"/d", "/e"}, patch, func() object { return object{"name": pick("x", "y")} }),
		"resources":     func() any { return some(.6, map[string]func() any{"limits": quantities, "requests": quantities}) },
		"securityContext": func() any {
			return some(.5, map[string]func() any{
				"runAsUser":    func() any { return pick(1.0, 2.0) },
				"privileged":   func() any { return pick(true, false) },
				"capabilities": func() any { return object{"add": []any{pick("A", "B")}} },
			})
		},
		"args":       func() any { return []any{pick("x", "y")} },
		"workingDir": func() any { return pick("/w", "/v") },
		"tty":        func() any { return true },
	}
	out := some(.35, fields)
	if patch && random.Intn(5) == 0 {
		out[pick("resources", "workingDir", "env", "tty").(string)] = nil
	}
	if patch && !inList && random.Intn(25) == 0 {
		out["$patch"] = "replace"
	}
	return out
}

func template(patch bool) object {
	spec := map[string]func() any{
		"containers":       keyed("name", []any{"one", "two", "three"}, patch, func() object { return container(patch, true) }),
		"tolerations":      func() any { return []any{object{"key": pick("a", "b")}} },
		"imagePullSecrets": keyed("name", []any{"a", "b"}, patch, func() object { return object{} }),
		"hostAliases":      keyed("ip", []any{"1.1.1.1", "2.2.2.2"}, patch, func() object { return object{"hostnames": []any{pick("x", "y")}} }),
		"nodeSelector":     labels(patch),
		"affinity": func() any {
			return object{"nodeAffinity": some(.7, map[string]func() any{
				"preferredDuringSchedulingIgnoredDuringExecution": func() any { return []any{object{"weight": pick(1.0, 2.0)}} },
			})}
		},
		"topologySpreadConstraints": keyed("topologyKey", []any{"zone", "node"}, patch, func() object { return object{"maxSkew": pick(1.0, 2.0)} }),
		"volumes": keyed("name", []any{"x", "y", "z"}, patch, func() object {
			if patch && random.Intn(3) == 0 {
				return object{"emptyDir": object{}, "$retainKeys": []any{"name", "emptyDir"}}
			}
			return some(.5, map[string]func() any{"configMap": func() any { return object{"name": pick("c", "d")} }})
		}),
		"priorityClassName": func() any { return pick("high", "low") },
	}
	metadata := map[string]func() any{
		"labels":      labels(patch),
		"annotations": labels(patch),
		"finalizers":  func() any { return []any{pick("f", "g"), pick("h", "i")} },
	}
	out := object{"spec": some(.4, spec)}
	if random.Intn(2) == 0 {
		out["metadata"] = some(.5, metadata)
	}
	if patch && out["metadata"] != nil && random.Intn(4) == 0 {
		out["metadata"].(object)["$deleteFromPrimitiveList/finalizers"] = []any{"f"}
		delete(out["metadata"].(object), "finalizers")
	}
	return out
}

func main() {
	cases := []object{}
	for len(cases) < 300 {
		kind, original, patch := "container", container(false, false), container(true, false)
		var of any = corev1.Container{}
		if len(cases)%2 == 1 {
			kind, original, patch, of = "podTemplate", template(false), template(true), corev1.PodTemplateSpec{}
		}
		before, _ := json.Marshal(original)
		change, _ := json.Marshal(patch)
		merged, err := strategicpatch.StrategicMergePatch(before, change, of)
		// A directive that meets nothing is left in the object there, which no server would take.
		if err != nil || bytes.Contains(merged, []byte(`"$`)) {
			continue
		}
		cases = append(cases, object{
			"kind": kind, "original": json.RawMessage(before), "patch": json.RawMessage(change), "merged": json.RawMessage(merged),
		})
	}
	out := json.NewEncoder(os.Stdout)
	os.Stdout.WriteString("[\n")
	for i, one := range cases {
		if i > 0 {
			os.Stdout.WriteString(",")
		}
		out.Encode(one)
	}
	os.Stdout.WriteString("]\n")
}
