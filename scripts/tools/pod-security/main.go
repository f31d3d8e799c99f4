// Pod-security says what an API server says of pods at a level of the Pod Security Standards: it is the same code.
//
//	pod-security restricted manifests.yaml…
//
// Each pod and each template of pods is named after its file; a refused one with every reason. It ends with 1 when one was
// refused, or when there was none to look at.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	sigsyaml "sigs.k8s.io/yaml"
)

// Where each kind keeps its pods. What is not here has none.
var templates = map[string][]string{
	"Pod":                   {},
	"PodTemplate":           {"template"},
	"ReplicationController": {"spec", "template"},
	"ReplicaSet":            {"spec", "template"},
	"Deployment":            {"spec", "template"},
	"DaemonSet":             {"spec", "template"},
	"StatefulSet":           {"spec", "template"},
	"Job":                   {"spec", "template"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template"},
}

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: pod-security baseline|restricted manifests.yaml…"))
	}
	level, err := api.ParseLevel(os.Args[1])
	if err != nil {
		fail(err)
	}
	allowed, refused := 0, 0
	for _, file := range os.Args[2:] {
		good, bad, err := check(level, file)
		if err != nil {
			fail(fmt.Errorf("%s: %w", file, err))
		}
		allowed, refused = allowed+good, refused+bad
	}
	fmt.Printf("%d pods are allowed at %s, %d refused\n", allowed, level, refused)
	if refused > 0 || allowed == 0 {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func check(level api.Level, file string) (allowed, refused int, err error) {
	manifests, err := os.Open(file)
	if err != nil {
		return 0, 0, err
	}
	defer manifests.Close()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return 0, 0, err
	}
	standard := api.LevelVersion{Level: level, Version: api.LatestVersion()}
	documents := yaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return allowed, refused, nil
		}
		if err != nil {
			return 0, 0, err
		}
		var object unstructured.Unstructured
		if err := sigsyaml.Unmarshal(document, &object.Object); err != nil {
			return 0, 0, err
		}
		name := object.GetKind() + " " + object.GetName()
		pod, err := podOf(object)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", name, err)
		}
		if pod == nil {
			continue
		}
		verdict := policy.AggregateCheckResults(evaluator.EvaluatePod(standard, &pod.ObjectMeta, &pod.Spec))
		if verdict.Allowed {
			allowed++
			fmt.Printf("%s: %s: allowed\n", file, name)
		} else {
			refused++
			fmt.Printf("%s: %s: refused: %s\n", file, name, verdict.ForbiddenDetail())
		}
	}
}

// The pod that an object is or makes; nil for one that has none.
func podOf(object unstructured.Unstructured) (*corev1.PodTemplateSpec, error) {
	path, known := templates[object.GetKind()]
	if !known {
		return nil, nil
	}
	content := object.Object
	if len(path) > 0 {
		found, there, err := unstructured.NestedMap(content, path...)
		if err != nil || !there {
			return nil, fmt.Errorf("has no pod at %v: %w", path, err)
		}
		content = found
	}
	pod := &corev1.PodTemplateSpec{}
	return pod, runtime.DefaultUnstructuredConverter.FromUnstructured(content, pod)
}
