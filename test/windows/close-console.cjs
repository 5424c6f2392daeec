// Loaded by a command that a test runs: once the file that CLOSE_WHEN names is there, the system tells the command that
// its console is closed. Windows and Wine do it likewise, by a thread that begins at CtrlRoutine.
const { existsSync } = require('node:fs');

const koffi = require('@koromix/koffi-win32-x64');
const closeEvent = 2;
const kernel32 = koffi.load('kernel32.dll', { lazy: true });
const GetModuleHandleW = kernel32.func('GetModuleHandleW', 'void *', ['void *']);
const GetProcAddress = kernel32.func('GetProcAddress', 'uint64_t', ['void *', 'void *']);
const CreateThread = kernel32.func('CreateThread', 'void *', [
  'void *',
  'uint64_t',
  'uint64_t',
  'uint64_t',
  'uint32_t',
  'void *',
]);

const timer = setInterval(() => {
  if (!existsSync(process.env.CLOSE_WHEN ?? '')) return;
  clearInterval(timer);
  const library = GetModuleHandleW(Buffer.from('kernel32.dll\0', 'utf16le'));
  CreateThread(null, 0n, BigInt(GetProcAddress(library, Buffer.from('CtrlRoutine\0'))), BigInt(closeEvent), 0, null);
}, 50).unref();
