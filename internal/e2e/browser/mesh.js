// A call of many parties in this page, each connected to each other one, that
// may only use relayed candidates. Every party has iceServers of its own.

// mesh resolves to how many connections carried a message each way, once all
// have, and to what went wrong meanwhile.
export async function mesh(parties) {
  const errors = [];
  const pairs = [];
  for (let i = 0; i < parties.length; i++) {
    for (let j = i + 1; j < parties.length; j++) {
      pairs.push(connect(parties[i], parties[j], errors));
    }
  }
  const connected = await Promise.all(pairs);
  return { connected: connected.length, errors };
}

// connect resolves when a message went to and fro between two parties.
async function connect(one, other, errors) {
  const caller = new RTCPeerConnection({ ...one, iceTransportPolicy: 'relay' });
  const callee = new RTCPeerConnection({ ...other, iceTransportPolicy: 'relay' });
  for (const [from, to] of [[caller, callee], [callee, caller]]) {
    from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate).catch((e) => errors.push(String(e)));
    from.onicecandidateerror = (e) => {
      // From 700 on: a network of this host that does not lead to the server.
      if (e.errorCode < 700) {
        errors.push(`${e.url}: ${e.errorCode} ${e.errorText}`);
      }
    };
  }
  callee.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => channel.send(data);
  };
  const channel = caller.createDataChannel('mesh');
  channel.onopen = () => channel.send('hello');
  const answered = new Promise((resolve) => {
    channel.onmessage = resolve;
  });
  await caller.setLocalDescription();
  await callee.setRemoteDescription(caller.localDescription);
  await callee.setLocalDescription();
  await caller.setRemoteDescription(callee.localDescription);
  await answered;
}
