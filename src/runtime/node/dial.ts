/** How an endpoint is reached. In the executable, too, proxies are by the sockets of Node. */
export { dialEndpoint } from '../../aws/http/node-sockets.ts';
