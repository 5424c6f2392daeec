/** `roles-anywhere/testing`: what a signer of your own must do, as tests for any runner. */
import '../supported-node.ts';

export { type ContractTest, signerContract, type SignerUnderTest } from './signer-contract.ts';
