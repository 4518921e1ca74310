#!/usr/bin/env node
import '../dist/rgrid.js'
