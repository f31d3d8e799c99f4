// Modules of which only files are taken: the schemas of what the charts and k8s/ contain. Nothing here is built, so what they
// require is not resolved (`go mod tidy` would try to), and go.sum holds the sums of these alone. Dapr's schemas are
// those of the version in ../../dapr.
module tidings/scripts/tools/schemas

go 1.26.0

require (
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	k8s.io/kubernetes v1.36.3
	sigs.k8s.io/gateway-api v1.6.3
)
