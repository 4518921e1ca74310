import '@rgrid/sdk/cli'
