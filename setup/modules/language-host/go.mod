module slipway.build/language-host

go 1.25

require github.com/pulumi/pulumi/sdk/v3 v3.50.0
