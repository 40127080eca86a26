package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	batchapi "k8s.io/kubernetes/pkg/apis/batch"
)

// keepGenerated gives the new version of a Job the labels and the selector that its creation generated
// (`generateSelector` in pkg/registry/batch/job/strategy.go). They are allocated values like a Service's
// address: nobody writes them into a manifest, applying one keeps them, and without them each update of a
// Job would be rejected.
func keepGenerated(obj runtime.Object) {
	job, is := obj.(*batchapi.Job)
	if !is || job.Spec.ManualSelector != nil && *job.Spec.ManualSelector {
		return
	}
	template := &job.Spec.Template
	if template.Labels == nil {
		template.Labels = map[string]string{}
	}
	for _, label := range []string{"job-name", batchapi.JobNameLabel} {
		keep(template.Labels, label, job.Name)
	}
	for _, label := range []string{"controller-uid", batchapi.ControllerUidLabel} {
		keep(template.Labels, label, string(job.UID))
	}
	if job.Spec.Selector == nil {
		job.Spec.Selector = &metav1.LabelSelector{}
	}
	if job.Spec.Selector.MatchLabels == nil {
		job.Spec.Selector.MatchLabels = map[string]string{}
	}
	keep(job.Spec.Selector.MatchLabels, batchapi.ControllerUidLabel, string(job.UID))
}

func keep(labels map[string]string, label, value string) {
	if _, is := labels[label]; !is {
		labels[label] = value
	}
}
