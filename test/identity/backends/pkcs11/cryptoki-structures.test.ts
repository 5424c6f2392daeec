import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cryptokiStructures, type Layout } from '../../../../src/identity/backends/pkcs11/cryptoki-abi.ts';
import { makeFolder, removeFolder } from '../../../support/openssl.ts';
import { needs } from '../../../support/programs.ts';

/** CK_ULONG of each platform, and what its headers say about packing; pointers are integers, as wide as they are there. */
const layouts: Readonly<Record<string, { layout: Layout; ulong: string; pointer: string; pack: string }>> = {
  'Linux and macOS': {
    layout: { ulongBytes: 8, pointerBytes: 8, packed: false },
    ulong: 'unsigned long long',
    pointer: 'unsigned long long',
    pack: '',
  },
  Windows: {
    layout: { ulongBytes: 4, pointerBytes: 8, packed: true },
    ulong: 'unsigned int',
    pointer: 'unsigned long long',
    pack: '#pragma pack(1)',
  },
  'machines of 32 bits': {
    layout: { ulongBytes: 4, pointerBytes: 4, packed: false },
    ulong: 'unsigned int',
    pointer: 'unsigned int',
    pack: '',
  },
};

/**
 * The structures as PKCS#11 v2.40, sections 3.1 to 3.6, declares them, filled, and given as bytes in hexadecimal: the
 * compiler lays them out.
 */
const program = (ulong: string, pointer: string, pack: string): string => `
#include <stdio.h>
#include <stddef.h>
#include <string.h>
${pack}
typedef ${ulong} CK_ULONG;
typedef ${pointer} CK_POINTER;
typedef unsigned char octet;
struct version { octet major, minor; };
struct info { struct version cryptoki; octet manufacturer[32]; CK_ULONG flags; octet description[32]; struct version library; };
struct slot { octet description[64], manufacturer[32]; CK_ULONG flags; struct version hardware, firmware; };
struct token { octet label[32], manufacturer[32], model[16], serial[16]; CK_ULONG flags, numbers[10]; struct version hardware, firmware; octet time[16]; };
struct session { CK_ULONG slot, state, flags, error; };
struct typed { CK_ULONG type; CK_POINTER pointer; CK_ULONG length; };
struct initialize { CK_POINTER mutexes[4]; CK_ULONG flags; CK_POINTER reserved; };
struct list { struct version version; CK_POINTER functions[68]; };
static void print(const char *name, const void *from, size_t size) {
  const octet *bytes = from;
  printf("%s ", name);
  for (size_t index = 0; index < size; index++) printf("%02x", bytes[index]);
  printf("\\n");
}
#define PRINT(name) print(#name, &name, sizeof name)
static void pad(octet *field, size_t size, const char *text) { memset(field, ' ', size); memcpy(field, text, strlen(text)); }
int main(void) {
  struct info info; struct slot slot; struct token token; struct session session; struct typed attribute; struct typed mechanism;
  struct initialize initialize; struct list list;
  memset(&info, 0, sizeof info); memset(&slot, 0, sizeof slot); memset(&token, 0, sizeof token); memset(&session, 0, sizeof session);
  memset(&attribute, 0, sizeof attribute); memset(&mechanism, 0, sizeof mechanism); memset(&initialize, 0, sizeof initialize);
  memset(&list, 0, sizeof list);
  pad(info.manufacturer, 32, "maker"); pad(info.description, 32, "what it is"); info.library.major = 3; info.library.minor = 7;
  info.flags = 0x01020304;
  pad(slot.description, 64, "a reader"); pad(slot.manufacturer, 32, "its maker");
  pad(token.label, 32, "label"); pad(token.manufacturer, 32, "maker"); pad(token.model, 16, "model"); pad(token.serial, 16, "0123");
  token.flags = 0x40d; memset(token.numbers, 0xff, sizeof token.numbers);
  session.slot = 9; session.state = 3; session.flags = 4;
  attribute.type = 0x102; attribute.pointer = 0x11223344; attribute.length = 5;
  mechanism.type = 0x1041; initialize.flags = 2;
  for (int index = 0; index < 68; index++) list.functions[index] = 0x1000 + index;
  PRINT(info); PRINT(slot); PRINT(token); PRINT(session); PRINT(attribute); PRINT(mechanism); PRINT(initialize); PRINT(list);
  return 0;
}
`;

describe.each(Object.entries(layouts))(
  'structures of %s',
  needs('cc'),
  (_platform, { layout, ulong, pointer, pack }) => {
    const structures = cryptokiStructures(layout);
    const compiled = new Map<string, Buffer>();
    let folder: string;

    beforeAll(() => {
      folder = makeFolder();
      const [code, executable] = [join(folder, 'layout.c'), join(folder, 'layout')];
      writeFileSync(code, program(ulong, pointer, pack));
      execFileSync('cc', ['-Wall', '-Werror', '-o', executable, code], { stdio: ['ignore', 'ignore', 'pipe'] });
      for (const line of execFileSync(executable, { encoding: 'utf8' }).trim().split('\n')) {
        const [name = '', hex = ''] = line.split(' ');
        compiled.set(name, Buffer.from(hex, 'hex'));
      }
    });

    afterAll(() => removeFolder(folder));

    const bytesOf = (name: string): Buffer => compiled.get(name) ?? Buffer.alloc(0);

    test('are as long as the compiler makes them', () => {
      const lengths = ['info', 'slot', 'token', 'session', 'attribute'].map((name) => bytesOf(name).length);
      const { infoBytes, slotInfoBytes, tokenInfoBytes, sessionInfoBytes, attributeBytes } = structures;
      expect([infoBytes, slotInfoBytes, tokenInfoBytes, sessionInfoBytes, attributeBytes]).toEqual(lengths);
    });

    test('are read', () => {
      expect(structures.readInfo(bytesOf('info'))).toEqual({
        manufacturer: 'maker',
        description: 'what it is',
        version: { major: 3, minor: 7 },
      });
      expect(structures.readSlotInfo(bytesOf('slot'))).toEqual({ description: 'a reader', manufacturer: 'its maker' });
      expect(structures.readTokenInfo(bytesOf('token'))).toEqual({
        label: 'label',
        manufacturer: 'maker',
        model: 'model',
        serial: '0123',
        flags: 0x40d,
      });
      expect(structures.readSessionState(bytesOf('session'))).toBe(3);
      expect(structures.attributeLength(bytesOf('attribute'))).toBe(5n);
    });

    test('are written', () => {
      expect(structures.mechanism(0x1041)).toEqual(bytesOf('mechanism'));
      expect(structures.initializeArgs(2)).toEqual(bytesOf('initialize'));
      const address = 0x1122_3344n - BigInt(structures.attributeBytes);
      const template = structures.template([{ type: 0x102, value: Buffer.from('value') }], () => address);
      expect(template).toEqual(Buffer.concat([bytesOf('attribute'), Buffer.from('value')]));
      const toRead = structures.attributeToRead(0x102, 5, () => address);
      expect(toRead).toEqual(Buffer.concat([bytesOf('attribute'), Buffer.alloc(5)]));
    });

    test('a template of several points to each value', () => {
      const wanted = ['one', 'two'].map((text, index) => ({ type: index, value: Buffer.from(text) }));
      const template = structures.template(wanted, () => 0x1000n);
      const pointerAt = (index: number): number => {
        const at = structures.attributeBytes * index + bytesOf('attribute').indexOf(Buffer.of(0x44, 0x33, 0x22, 0x11));
        return Number(structures.readPointer(template, at)) - 0x1000;
      };
      expect([0, 1].map((index) => template.toString('latin1', pointerAt(index), pointerAt(index) + 3))).toEqual([
        'one',
        'two',
      ]);
    });

    test('functions are found by their index', () => {
      const list = bytesOf('list');
      for (const index of [0, 4, 43, 67]) {
        expect(structures.readPointer(list, structures.functionAt(index).at)).toBe(BigInt(0x1000 + index));
      }
      expect(structures.functionAt(67).end).toBe(list.length);
    });

    test('numbers are as wide as they are there', () => {
      expect(structures.ulong(0x0102_0304)).toHaveLength(layout.ulongBytes);
      expect(structures.readUlong(structures.ulong(0x0102_0304))).toBe(0x0102_0304n);
      expect(structures.readUlongs(Buffer.concat([structures.ulong(1), structures.ulong(2)]), 2)).toEqual([1n, 2n]);
    });
  },
);
