"""
Writes the files that the tests of docs/weights.md read where a library is not installed: runs each Python block of the guide whose packages are, in a
folder of its section's name beside this program. Made with safetensors 0.8.0, torch 1.13, scikit-learn 1.9.1 and Keras 3.15.1: python guide.py
"""

import os
import re
import traceback
from pathlib import Path

here = Path(__file__).resolve().parent
guide = (here / "../../../docs/weights.md").read_text()
for title, code in re.findall(r"## ([^\n]+)\n+```py\n(.*?)```", guide, re.S):
    folder = here / title.lower()
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    try:
        exec(code, {})
        print(title)
    except ImportError:
        traceback.print_exc(limit=0)
