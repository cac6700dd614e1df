#!/usr/bin/env python3
# onesock: runs decoder_fuzz.js on the built decoder_fuzz; skipped where there is no Node.
# SPDX-License-Identifier: MIT
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--examples")
parser.add_argument("--build", required=True)
program = Path(parser.parse_args().build) / "decoder_fuzz"

node = shutil.which("node")
if not node:
    print("skipped: there is no node")
    sys.exit(77)
script = Path(__file__).with_name("decoder_fuzz.js")
sys.exit(subprocess.run([node, script, program], check=False).returncode)
