#!/bin/sh
# fuzz.sh - nothing to run yet.
