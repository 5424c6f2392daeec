import { describe, expect, test } from 'vitest';
import { quotesRequest, saidByService } from '../../../src/aws/http/said-by-service.ts';

const request = "GET\\n/\\nx-amz-security-token:IQoJb3JpZ2lu\\n'";
const plain = 'The request signature we calculated does not match the signature you provided.';

describe('the request that a service quotes is left out', () => {
  test.each([
    `${plain} The Canonical String for this request should have been '${request}`,
    `${plain}\n\nThe Canonical String for this request should have been\n'${request}\n\nThe String-to-Sign should have been x`,
    `${plain} The String-to-Sign should have been 'AWS4-HMAC-SHA256 ${request}`,
    `${plain} the canonical request was ${request}`,
    `${plain} x-amz-security-token:IQoJb3JpZ2lu`,
  ])('%j', (text) => {
    expect(saidByService(text)).toBe(plain);
    expect(quotesRequest(text)).toBe(true);
  });
});

test.each([plain, 'The security token included in the request is invalid', 'x-amz-security-token is missing'])(
  '%s is told whole',
  (text) => {
    expect(saidByService(text)).toBe(text);
    expect(quotesRequest(text)).toBe(false);
  },
);
