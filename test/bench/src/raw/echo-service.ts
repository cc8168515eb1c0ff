const same = (bytes: Buffer): Buffer => bytes;

/** One unary method, bytes in and out. */
export const ECHO = {
  Echo: {
    path: "/bare.Echo/Echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
} as const;
