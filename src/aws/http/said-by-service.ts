import { oneLine } from '../../core/one-line.ts';

/** Where services begin to quote the request in a message about its signature: its headers hold the session token. */
const quotedRequest = /(?:the )?(?:canonical[ -]?(?:string|request)\b|string-?to-?sign\b|x-amz-security-token:)[^]*$/i;

/** What a service said, in one line, without the request that it may quote. */
export function saidByService(text: string): string {
  return oneLine(withoutRequest(text), 500);
}

/** Whether somebody who reads the whole text sees the request, and with it the session token. */
export function quotesRequest(text: string): boolean {
  return withoutRequest(text) !== text;
}

function withoutRequest(text: string): string {
  return text.replace(quotedRequest, '');
}
