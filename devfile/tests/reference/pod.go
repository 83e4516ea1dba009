package main

import (
	"fmt"
	"sort"

	"github.com/devfile/library/v2/pkg/devfile"
	"github.com/devfile/library/v2/pkg/devfile/generator"
	"github.com/devfile/library/v2/pkg/devfile/parser"
	"github.com/devfile/library/v2/pkg/devfile/parser/data/v2/common"
	corev1 "k8s.io/api/core/v1"
	psaapi "k8s.io/pod-security-admission/api"
)

// Pod is what the library's generator makes.
type Pod struct {
	Error          string             `json:"error,omitempty"`
	Containers     []corev1.Container `json:"containers"`
	InitContainers []corev1.Container `json:"initContainers"`
	Volumes        []Volume           `json:"volumes"`
	// Ports of the service, by container.
	Service            []int32           `json:"service"`
	ServiceAnnotations map[string]string `json:"serviceAnnotations"`
	PodAnnotations     map[string]string `json:"podAnnotations"`
	// The pod with `pod-overrides` and `container-overrides`, or why there is none. The generator loses the init
	// containers of it.
	Overridden      *corev1.PodSpec `json:"overridden,omitempty"`
	OverriddenError string          `json:"overriddenError,omitempty"`
}

// Volume is one volume and whether it is empty at each start.
type Volume struct {
	Name      string `json:"name"`
	Ephemeral bool   `json:"ephemeral"`
}

// What is generated, with every default set: the generator relies on them.
func pod(arguments parser.ParserArgs) (result *Pod) {
	result = &Pod{}
	defer func() {
		if trouble := recover(); trouble != nil {
			result = &Pod{Error: fmt.Sprint("panic: ", trouble)}
		}
	}()
	parsed, _, err := devfile.ParseDevfileAndValidate(arguments)
	if err == nil {
		result.Containers, err = generator.GetContainers(parsed, common.DevfileOptions{})
	}
	if err == nil {
		result.InitContainers, err = generator.GetInitContainers(parsed)
	}
	if err != nil {
		return &Pod{Error: err.Error()}
	}
	return result.whole(parsed)
}

func (result *Pod) whole(parsed parser.DevfileObj) *Pod {
	components, err := parsed.Data.GetComponents(common.DevfileOptions{})
	if err != nil {
		return &Pod{Error: err.Error()}
	}
	named := map[string]generator.VolumeInfo{}
	for _, component := range components {
		if component.Volume != nil {
			named[component.Name] = generator.VolumeInfo{PVCName: component.Name, VolumeName: component.Name}
		}
	}
	all := generator.VolumeParams{Containers: result.Containers, VolumeNameToVolumeInfo: named}
	volumes, err := generator.GetVolumesAndVolumeMounts(parsed, all, common.DevfileOptions{})
	if err != nil {
		return &Pod{Error: err.Error()}
	}
	for _, volume := range volumes {
		result.Volumes = append(result.Volumes, Volume{Name: volume.Name, Ephemeral: volume.EmptyDir != nil})
	}
	sort.Slice(result.Volumes, func(a, b int) bool { return result.Volumes[a].Name < result.Volumes[b].Name })
	service, err := generator.GetService(parsed, generator.ServiceParams{}, common.DevfileOptions{})
	if err != nil {
		return &Pod{Error: err.Error()}
	}
	for _, port := range service.Spec.Ports {
		result.Service = append(result.Service, port.Port)
	}
	result.ServiceAnnotations = service.Annotations
	deployment, err := generator.GetDeployment(parsed, generator.DeploymentParams{Containers: result.Containers})
	if err != nil {
		return &Pod{Error: err.Error()}
	}
	result.PodAnnotations = deployment.Annotations
	policy := psaapi.Policy{Enforce: psaapi.LevelVersion{Level: psaapi.LevelPrivileged, Version: psaapi.LatestVersion()}}
	template, err := generator.GetPodTemplateSpec(parsed, generator.PodTemplateParams{PodSecurityAdmissionPolicy: policy})
	if err != nil {
		result.OverriddenError = err.Error()
	} else {
		result.Overridden = &template.Spec
	}
	return result
}
