/**
 * A way to a TPM: whole commands there, whole answers back, one after the other.
 *
 * After a failed `send` nothing is known of what the TPM is doing; the transport can only be closed.
 */
export interface TpmTransport {
  /** How messages name it: `/dev/tpmrm0`, `swtpm at localhost:2321`. */
  readonly name: string;
  /** True where closing flushes whatever we left in the TPM: the kernel's resource manager. */
  readonly managed: boolean;
  /** @throws RolesAnywhereError TPM_UNREACHABLE, TPM_BUSY when no answer comes in time, TPM_FAILED for one of an impossible size */
  send(command: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
