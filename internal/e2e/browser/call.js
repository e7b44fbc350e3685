// A call between two peer connections in this page that may only use relayed
// candidates: video one way and 2 MB through a data channel.

const transferBytes = 2 * 1024 * 1024;
const chunkBytes = 16 * 1024;
const enoughFrames = 30;

// call resolves to what the test checks, once all of it has happened.
export async function call({ iceServers }) {
  const caller = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const callee = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const errors = [];
  for (const [from, to] of [[caller, callee], [callee, caller]]) {
    from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate).catch((e) => errors.push(String(e)));
    from.onicecandidateerror = (e) => {
      // From 700 on: no answer of the server, but a network of this host that
      // does not lead there.
      if (e.errorCode < 700) {
        errors.push(`${e.url}: ${e.errorCode} ${e.errorText}`);
      }
    };
  }

  const media = await navigator.mediaDevices.getUserMedia({ video: true });
  media.getTracks().forEach((track) => caller.addTrack(track, media));
  const video = document.body.appendChild(document.createElement('video'));
  video.muted = true;
  callee.ontrack = ({ streams }) => {
    video.srcObject = streams[0];
    video.play();
  };

  const received = receive(callee);
  const sent = send(caller.createDataChannel('transfer'));

  await caller.setLocalDescription();
  await callee.setRemoteDescription(caller.localDescription);
  await callee.setLocalDescription();
  await caller.setRemoteDescription(callee.localDescription);

  const sentHash = await sent;
  const receivedHash = await received;
  const framesDecoded = await decoded(callee);
  const result = {
    sentHash,
    receivedHash,
    framesDecoded,
    frameWidth: video.videoWidth,
    pairs: [await selectedPair(caller), await selectedPair(callee)],
    errors,
  };
  caller.close();
  callee.close();
  return result;
}

// send fills the channel with random bytes and resolves to their hash.
async function send(channel) {
  const data = new Uint8Array(transferBytes);
  for (let at = 0; at < transferBytes; at += 65536) {
    crypto.getRandomValues(data.subarray(at, at + 65536)); // its limit per call
  }
  await event(channel, 'open');
  channel.bufferedAmountLowThreshold = 16 * chunkBytes;
  for (let at = 0; at < transferBytes; at += chunkBytes) {
    if (channel.bufferedAmount > channel.bufferedAmountLowThreshold) {
      await event(channel, 'bufferedamountlow');
    }
    channel.send(data.subarray(at, at + chunkBytes));
  }
  return hash(data);
}

// receive resolves to the hash of what arrives through the data channel.
async function receive(connection) {
  const { channel } = await event(connection, 'datachannel');
  channel.binaryType = 'arraybuffer';
  const data = new Uint8Array(transferBytes);
  let length = 0;
  await event(channel, 'message', ({ data: chunk }) => {
    data.set(new Uint8Array(chunk), length);
    length += chunk.byteLength;
    return length === transferBytes;
  });
  return hash(data);
}

// event resolves at the first event of the kind for which done returns true;
// it shows every one to done.
function event(target, kind, done = () => true) {
  return new Promise((resolve) => {
    target.addEventListener(kind, function handle(e) {
      if (done(e)) {
        target.removeEventListener(kind, handle);
        resolve(e);
      }
    });
  });
}

async function hash(data) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// decoded resolves to the number of decoded frames once there are enough.
async function decoded(connection) {
  for (;;) {
    for (const stat of (await connection.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.framesDecoded >= enoughFrames) {
        return stat.framesDecoded;
      }
    }
    await new Promise(requestAnimationFrame);
  }
}

// selectedPair describes both ends of the pair of candidates in use.
async function selectedPair(connection) {
  const stats = await connection.getStats();
  const all = [...stats.values()];
  const transport = all.find((stat) => stat.type === 'transport');
  const pair = transport // which Firefox leaves out
    ? stats.get(transport.selectedCandidatePairId)
    : all.find((stat) => stat.type === 'candidate-pair' && stat.selected);
  const local = stats.get(pair.localCandidateId);
  const remote = stats.get(pair.remoteCandidateId);
  return {
    local: local.candidateType,
    remote: remote.candidateType,
    protocol: local.relayProtocol,
    localAddress: `${local.address}:${local.port}`,
    remoteAddress: `${remote.address}:${remote.port}`,
  };
}
