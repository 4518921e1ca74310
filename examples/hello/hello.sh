#!/usr/bin/env bash
name="${1:-bash}"
echo "Hello from $name!"
