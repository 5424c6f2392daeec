#!/usr/bin/env node
'use strict';
require('../dist/command/roles-anywhere.cjs');
