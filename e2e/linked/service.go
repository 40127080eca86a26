// The storage of Services, which allocates addresses and ports before validation: the server's own, over
// allocators in memory, for a cluster with IPv4 only on which nothing but `kubernetes` is allocated.
package main

import (
	"net"

	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/tools/cache"
	core "k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/registry/core/service/allocator"
	"k8s.io/kubernetes/pkg/registry/core/service/ipallocator"
	"k8s.io/kubernetes/pkg/registry/core/service/portallocator"
	servicestorage "k8s.io/kubernetes/pkg/registry/core/service/storage"
)

// `--service-cluster-ip-range` and `--service-node-port-range`.
var (
	addressRange = net.IPNet{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(16, 32)}
	portRange    = utilnet.PortRange{Base: 30000, Size: 2768}
)

// The offset in the range of the address that the Service `kubernetes` has in every cluster.
const apiServerOffset = 0

type serviceStore struct {
	store            *genericregistry.Store
	addresses, ports *slots
}

func newServiceStore() (*serviceStore, error) {
	s := &serviceStore{addresses: &slots{}, ports: &slots{}}
	addresses, err := ipallocator.New(&addressRange, s.addresses.sized)
	if err != nil {
		return nil, err
	}
	ports, err := portallocator.New(portRange, s.ports.sized)
	if err != nil {
		return nil, err
	}
	// Nothing is ever stored: only what comes before is asked of the storage.
	options := generic.RESTOptions{
		StorageConfig:  &storagebackend.ConfigForResource{},
		Decorator:      noStorage,
		ResourcePrefix: "services",
	}
	byFamily := map[core.IPFamily]ipallocator.Interface{core.IPv4Protocol: serviceCIDR{addresses}}
	rest, _, _, err := servicestorage.NewREST(options, core.IPv4Protocol, byFamily, ports, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	s.store = rest.Store
	return s, nil
}

// reset forgets what was allocated.
func (s *serviceStore) reset() {
	s.addresses.taken = map[int]bool{apiServerOffset: true}
	s.ports.taken = map[int]bool{}
}

// storeOf gives the store of a kind, if it does more than its strategy.
func (j *judge) storeOf(kind *servedKind) *genericregistry.Store {
	if kind.gvk.Group == "" && kind.gvk.Kind == "Service" {
		return j.services.store
	}
	return nil
}

func noStorage(
	*storagebackend.ConfigForResource,
	string,
	func(runtime.Object) (string, error),
	func() runtime.Object,
	func() runtime.Object,
	storage.AttrFunc,
	storage.IndexerFuncs,
	*cache.Indexers,
) (storage.Interface, factory.DestroyFunc, error) {
	return nil, nil, nil
}

// The allocator of addresses. Where ServiceCIDRs are, the server asks its MetaAllocator, which looks for
// a ServiceCIDR that holds the address before it asks the allocator of that.
type serviceCIDR struct{ *ipallocator.Range }

func (c serviceCIDR) Allocate(ip net.IP) error {
	err := c.Range.Allocate(ip)
	_, outside := err.(*ipallocator.ErrNotInRange)
	if outside && utilfeature.DefaultFeatureGate.Enabled(features.MultiCIDRServiceAllocator) {
		return ipallocator.ErrMismatchedNetwork
	}
	return err
}

// What an allocator has given away, counted from the start of its range. Where the server chooses by
// chance, the first one is taken, so that verdicts are always the same.
type slots struct {
	size, offset int
	taken        map[int]bool
}

// sized is an `allocator.AllocatorWithOffsetFactory`.
func (s *slots) sized(size int, _ string, offset int) (allocator.Interface, error) {
	s.size, s.offset = size, offset
	return s, nil
}

func (s *slots) Allocate(slot int) (bool, error) {
	if s.taken[slot] {
		return false, nil
	}
	s.taken[slot] = true
	return true, nil
}

// AllocateNext leaves the slots below the offset, as the server does, for those who ask for them.
func (s *slots) AllocateNext() (int, bool, error) {
	for i := 0; i < s.size; i++ {
		if slot := (s.offset + i) % s.size; !s.taken[slot] {
			s.taken[slot] = true
			return slot, true, nil
		}
	}
	return 0, false, nil
}

func (s *slots) Release(slot int) error {
	delete(s.taken, slot)
	return nil
}

func (s *slots) ForEach(do func(int)) {
	for slot := range s.taken {
		do(slot)
	}
}

func (s *slots) Has(slot int) bool { return s.taken[slot] }
func (s *slots) Free() int         { return s.size - len(s.taken) }
func (s *slots) Destroy()          {}
