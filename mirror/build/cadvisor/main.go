// cadvisor serves the figures of a machine's containers to Prometheus, by cAdvisor's own library. The program that
// upstream puts around it isn't served as a Go module: this one has its flags for what is here (/metrics, /healthz),
// and no web pages.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/cadvisor/cache/memory"
	"github.com/google/cadvisor/container"
	_ "github.com/google/cadvisor/container/containerd/install"
	_ "github.com/google/cadvisor/container/docker/install"
	_ "github.com/google/cadvisor/container/systemd/install"
	v2 "github.com/google/cadvisor/info/v2"
	"github.com/google/cadvisor/manager"
	"github.com/google/cadvisor/metrics"
	"github.com/google/cadvisor/utils/sysfs"
	"github.com/google/cadvisor/version"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

func main() {
	// As upstream's: what costs much and few people look at.
	disabled := container.MetricSet{
		container.MemoryNumaMetrics:              {},
		container.NetworkTcpUsageMetrics:         {},
		container.NetworkUdpUsageMetrics:         {},
		container.NetworkAdvancedTcpUsageMetrics: {},
		container.ProcessSchedulerMetrics:        {},
		container.HugetlbUsageMetrics:            {},
		container.ReferencedMemoryMetrics:        {},
		container.CPUTopologyMetrics:             {},
		container.ResctrlMetrics:                 {},
		container.CPUSetMetrics:                  {},
	}
	address := flag.String("listen_ip", "", "address to listen on; by default all")
	port := flag.String("port", "8080", "port to listen on")
	kept := flag.Duration("storage_duration", 2*time.Minute, "how long figures are kept")
	allLabels := flag.Bool("store_container_labels", true, "give containers' labels to Prometheus")
	cgroups := flag.String("raw_cgroup_prefix_whitelist", "", "prefixes of cgroups to look at even with -docker_only")
	variables := flag.String("env_metadata_whitelist", "", "prefixes of environment variables that become labels")
	showVersion := flag.Bool("version", false, "print the version and end")
	flag.Var(&disabled, "disable_metrics", "kinds of figures to leave out, separated by commas")
	klog.InitFlags(nil)
	flag.Parse()
	if *showVersion {
		fmt.Println("cAdvisor version", version.Version)
		os.Exit(0)
	}
	log.Fatal(serve(net.JoinHostPort(*address, *port), settings{
		included:  container.AllMetrics.Difference(disabled),
		kept:      *kept,
		allLabels: *allLabels,
		cgroups:   strings.Split(*cgroups, ","),
		variables: strings.Split(*variables, ","),
	}))
}

type settings struct {
	included           container.MetricSet
	kept               time.Duration
	allLabels          bool
	cgroups, variables []string
}

func serve(address string, settings settings) error {
	machine, err := manager.New(
		memory.New(settings.kept, nil),
		sysfs.NewRealSysFs(),
		manager.HousekeepingConfigFlags,
		settings.included,
		http.DefaultClient,
		settings.cgroups, settings.variables, "", 0,
	)
	if err != nil {
		return err
	}
	if err := machine.Start(); err != nil {
		return err
	}
	labels := metrics.DefaultContainerLabels
	if !settings.allLabels {
		labels = metrics.BaseContainerLabels(nil)
	}
	options := v2.RequestOptions{IdType: v2.TypeName, Count: 1, Recursive: true}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		metrics.NewPrometheusCollector(machine, labels, settings.included, clock.RealClock{}, options),
		metrics.NewPrometheusMachineCollector(machine, settings.included),
	)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("/healthz", func(writer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(writer, "ok") })
	return (&http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}).ListenAndServe()
}
