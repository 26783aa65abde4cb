#!/bin/sh
# test_peers.sh - nothing to run yet.
