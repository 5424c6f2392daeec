import { iterateSha1 } from '/work/main/src/identity/backends/file/iterate-sha1.ts';
import { iterateSha1 as two } from '/tmp/idm/it2.ts';
import { createHash } from 'node:crypto';
const s=createHash('sha1').update('x').digest();
for(let k=0;k<3;k++){let c=process.cpuUsage().user; iterateSha1(s,1000000); const a=(process.cpuUsage().user-c)/1e6; c=process.cpuUsage().user; two(s,1000000); console.log(a,(process.cpuUsage().user-c)/1e6);}
