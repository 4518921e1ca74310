import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { compareWithHome, type Tree } from '../compare-with-home.js'
import { findPython } from './find-python.js'

const python = findPython()

const TREES: Readonly<Record<string, Tree>> = {
  'modules beside the script, through each other and in a circle': {
    files: {
      'main.py': 'import a, b as bee\nprint(bee.name)',
      'a.py': 'import b',
      'b.py': 'name = "b"\nimport main',
      'unused.py': '',
    },
  },
  'a script in a folder, whose modules are beside it and not in the current one': {
    files: { 'src/main.py': 'import a', 'src/a.py': '', 'a.py': '' },
  },
  'a package with its parents': {
    files: {
      'main.py': 'import p.q.r\nprint(p.q.r)',
      'p/__init__.py': '',
      'p/q/__init__.py': '',
      'p/q/r.py': '',
      'p/s.py': '',
    },
  },
  'names that are modules, and names that are not': {
    files: { 'main.py': 'from p import a, b, c', 'p/__init__.py': 'c = 1', 'p/a.py': '', 'p/b.py': '' },
  },
  'relative imports': {
    files: {
      'main.py': 'import p.q.a',
      'p/__init__.py': 'from . import x',
      'p/x.py': '',
      'p/q/__init__.py': '',
      'p/q/a.py': 'from .b import c\nfrom .. import y\nfrom ..z import (  # a (comment)\n  w,\n)',
      'p/q/b.py': 'c = 1',
      'p/y.py': '',
      'p/z/__init__.py': '',
      'p/z/w.py': '',
    },
  },
  'packages without __init__.py': {
    files: { 'main.py': 'from n.m import a\nimport n.b', 'n/m/a.py': '', 'n/b.py': '' },
  },
  'imports under conditions, in functions and behind semicolons': {
    files: {
      'main.py':
        'try:\n  import fast\nexcept ImportError:\n  import slow\ndef f():\n  import late\nif True: import one; from two import x\nf()',
      'slow.py': '',
      'late.py': '',
      'one.py': '',
      'two.py': 'x = 1',
    },
  },
  'imports that are for types alone': {
    files: {
      'main.py': 'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import shapes',
      'shapes.py': '',
    },
    extra: ['shapes.py'],
  },
  'modules by name': {
    files: {
      'main.py':
        'import importlib\nimportlib.import_module("a")\n__import__("b")\nimportlib.import_module("p.c")',
      'a.py': '',
      'b.py': '',
      'p/__init__.py': '',
      'p/c.py': 'from importlib import import_module\nimport_module(".d", __package__)',
      'p/d.py': '',
    },
  },
  'everything that a package offers': {
    files: {
      'main.py': 'from p import *\nprint(a)',
      'p/__init__.py': '__all__ = [\n  "a",\n]',
      'p/a.py': '',
      'p/b.py': '',
    },
  },
  'local modules before those of the standard library': {
    files: { 'main.py': 'import colorsys\nprint(colorsys.mine)', 'colorsys.py': 'mine = 1' },
  },
  'no local module in place of what the interpreter has loaded': {
    files: { 'main.py': 'import sys, time, os.path', 'sys.py': '', 'time.py': '', 'os.py': '' },
  },
  'a package before a module, and a module before a folder': {
    files: {
      'main.py': 'import a, b',
      'a/__init__.py': '',
      'a.py': '',
      'b.py': '',
      'b/x.py': '',
    },
  },
  'no folder in place of a module of the standard library': {
    files: { 'main.py': 'import json\nprint(json.loads("1"))', 'json/data.py': '' },
  },
  'nothing that strings and comments say': {
    files: {
      'main.py': '"""\nimport a\n"""\n# import a\nx = "import a"\ny = f\'{1}\\\nimport a\'\nimport b',
      'a.py': '',
      'b.py': '',
    },
  },
  'continued lines': {
    files: {
      'main.py': 'import \\\n  a\nfrom \\\n  b import \\\n  c, \\\n  d',
      'a.py': '',
      'b.py': 'c = d = 1',
    },
  },
  'names beyond ASCII': { files: { 'main.py': 'import größe', 'größe.py': '' } },
  'modules that are links': {
    files: { 'main.py': 'import a.b, c', 'shared/b.py': 'from . import d', 'shared/c.py': '', 'a/d.py': '' },
    arrange: async (root) => {
      await symlink('../shared/b.py', join(root, 'a', 'b.py'))
      await symlink('shared/c.py', join(root, 'c.py'))
    },
  },
}

describe.skipIf(python === undefined)('as python3 itself, it takes along', () => {
  test.for(Object.entries(TREES))('%s', ([, tree]) => compareWithHome([python ?? '', '-B', '-S'], tree))
})
