module slipway.build/pulumi

go 1.25

require github.com/pulumi/pulumi/pkg/v3 v3.216.0
