// Sidecar puts daprd beside containers as Dapr's injector does in a cluster: it is the same code.
//
//	SIDECAR_IMAGE=… SIDECAR_DROP_ALL_CAPABILITIES=true sidecar tidings <manifests.yaml
//
// Every object is printed, templates of pods with the sidecars that their annotations ask for. The variables are those of the
// injector in dapr-system. It ends with 1 when nothing asked for a sidecar.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/dapr/dapr/pkg/injector/consts"
	"github.com/dapr/dapr/pkg/injector/patcher"
)

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: sidecar <namespace> <manifests.yaml"))
	}
	injected, err := inject(os.Args[1], os.Stdin, os.Stdout)
	if err != nil {
		fail(err)
	}
	if injected == 0 {
		fail(errors.New("nothing asks for a sidecar"))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func inject(namespace string, manifests io.Reader, out io.Writer) (injected int, err error) {
	documents := yaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return injected, nil
		}
		if err != nil {
			return 0, err
		}
		var object map[string]any
		if err := sigsyaml.Unmarshal(document, &object); err != nil {
			return 0, err
		}
		spec, _ := object["spec"].(map[string]any)
		if template, has := spec["template"]; has && object["kind"] == "Deployment" {
			pod, patched, err := withSidecar(namespace, template)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", object["metadata"], err)
			}
			if patched {
				spec["template"] = map[string]any{"metadata": pod.ObjectMeta, "spec": pod.Spec}
				injected++
			}
		}
		text, err := sigsyaml.Marshal(object)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(out, "---\n%s", text)
	}
}

func withSidecar(namespace string, template any) (pod *corev1.Pod, patched bool, err error) {
	text, err := json.Marshal(template)
	if err != nil {
		return nil, false, err
	}
	pod = &corev1.Pod{}
	if err := json.Unmarshal(text, pod); err != nil {
		return nil, false, err
	}
	// As dapr/pkg/injector/service does it.
	sidecar := patcher.NewSidecarConfig(pod)
	sidecar.GetInjectedComponentContainers = func(string, string) ([]corev1.Container, error) { return nil, nil }
	sidecar.Mode = consts.ModeKubernetes
	sidecar.Namespace = namespace
	sidecar.MTLSEnabled = true
	sidecar.Identity = namespace + ":" + pod.Spec.ServiceAccountName
	sidecar.ControlPlaneNamespace = "dapr-system"
	sidecar.ControlPlaneTrustDomain = os.Getenv("DAPR_CONTROL_PLANE_TRUST_DOMAIN")
	sidecar.KubeClusterDomain = os.Getenv("KUBE_CLUSTER_DOMAIN")
	sidecar.SentryAddress = os.Getenv("DAPR_SENTRY_ADDRESS")
	sidecar.OperatorAddress = patcher.ServiceAPI.Address("dapr-system", sidecar.KubeClusterDomain)
	sidecar.SidecarImage = os.Getenv("SIDECAR_IMAGE")
	sidecar.ImagePullPolicy = corev1.PullPolicy(os.Getenv("SIDECAR_IMAGE_PULL_POLICY"))
	sidecar.SchedulerEnabled = true
	sidecar.RunAsNonRoot = isTrue("SIDECAR_RUN_AS_NON_ROOT")
	sidecar.ReadOnlyRootFilesystem = isTrue("SIDECAR_READ_ONLY_ROOT_FILESYSTEM")
	sidecar.SidecarDropALLCapabilities = isTrue("SIDECAR_DROP_ALL_CAPABILITIES")
	sidecar.EnableNativeSidecar = isTrue("NATIVE_SIDECAR_ENABLED")
	sidecar.SetFromPodAnnotations()
	if !sidecar.NeedsPatching() {
		return pod, false, nil
	}
	patch, err := sidecar.GetPatch()
	if err != nil {
		return nil, false, err
	}
	pod, err = patcher.PatchPod(pod, patch)
	return pod, true, err
}

func isTrue(variable string) bool {
	value, err := strconv.ParseBool(os.Getenv(variable))
	return err == nil && value
}
