#!/usr/bin/env node
import '@rgrid/sdk/cli'
