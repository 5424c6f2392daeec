#!/usr/bin/env node
'use strict';
// Words that every Node understands: those that are too old cannot even read the file below.
const version = process.versions.node.split('.').map(Number);
if (version[0] > 20 || (version[0] === 20 && version[1] >= 19)) {
  require('../dist/command/roles-anywhere.cjs');
} else {
  const found = process.version + ' (' + process.execPath + ')';
  process.stderr.write('roles-anywhere needs Node 20.19 or newer, and this is ' + found + '\n');
  process.exitCode = 2;
}
