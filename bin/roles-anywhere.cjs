#!/usr/bin/env node
'use strict';
// Words that every Node understands: those that are too old cannot even read the files below.
const version = process.versions.node.split('.').map(Number);
if (version[0] > 20 || (version[0] === 20 && version[1] >= 19)) {
  const runtime = process.env.ROLES_ANYWHERE_RUNTIME;
  // Whoever has the executable's package pays for a closer look, and nobody else.
  if (runtime ? runtime !== 'node' : process.execve !== undefined && hasScope()) require('./executable.cjs')(runtime);
  if (process.exitCode === undefined) require('../dist/command/roles-anywhere.cjs');
} else {
  const found = process.version + ' (' + process.execPath + ')';
  process.stderr.write('roles-anywhere needs Node 20.19 or newer, and this is ' + found + '\n');
  process.exitCode = 2;
}

function hasScope() {
  const fs = require('node:fs');
  return (
    fs.existsSync(__dirname + '/../node_modules/@roles-anywhere') || fs.existsSync(__dirname + '/../../@roles-anywhere')
  );
}
