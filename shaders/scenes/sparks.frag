// A particle: bright in the middle, soft at its rim.
noperspective in vec2 v_at;
flat in vec3 v_color;
out vec4 o_color;

void main() {
    float near = max(1.0 - dot(v_at, v_at), 0.0);
    o_color = vec4(v_color * near * near, near);
}
